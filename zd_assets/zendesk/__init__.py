"""The API: client, authentication, rate limit, paginators, follow-up rule. No Parquet."""
