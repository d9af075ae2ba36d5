"""Pictures of answers, and the support report: what people look at, made of the lake alone."""
