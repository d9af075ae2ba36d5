"""Runs on Celery workers: Dagster's launcher for them, which knows when a worker is gone."""

import dagster as dg
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

from zd_assets.defs.dagster_api import CheckRunHealthResult, WorkerStatus

# A worker answers at once also while it runs something; three silences aren't chance.
_ANSWER_S, _TIMES = 5.0, 3


class WorkersRunLauncher(CeleryRunLauncher):
    """Starts runs as Celery tasks; a run whose worker died has failed, so that it is retried.

    Celery's result says STARTED for ever when a worker is killed with its machine, and nothing
    once the result has expired; so the workers themselves are asked who has the run. Run
    monitoring (`run_monitoring` in dagster.yaml) does that as often as it looks.
    """

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Return whether a worker has the run; waits 15 s for one that doesn't answer."""
        health = super().check_run_worker_health(run)
        if health.status in (WorkerStatus.SUCCESS, WorkerStatus.FAILED):
            return health
        if any(self._is_at_work(run) for _ in range(_TIMES)):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, "No Celery worker has this run any more.")

    def terminate(self, run_id: str) -> bool:
        """Cancel a run; without a word to Dagster it would count as failed, and be retried."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished or DAGSTER_CELERY_TASK_ID_TAG not in run.tags:
            return False
        self._instance.report_run_canceling(run)
        return super().terminate(run_id)

    def _is_at_work(self, run: dg.DagsterRun) -> bool:
        task_id = run.tags[DAGSTER_CELERY_TASK_ID_TAG]
        started = self.celery.AsyncResult(task_id).info
        # Named, one worker answers for itself; else everybody is waited for.
        worker = [started["hostname"]] if isinstance(started, dict) else None
        inspect = self.celery.control.inspect(destination=worker, timeout=_ANSWER_S)
        answers = inspect.query_task(task_id) or {}
        return any(task_id in tasks for tasks in answers.values())
