"""The contract of each unstable part of Dagster: an upgrade that changes one fails by name."""

import asyncio

import dagster as dg
import pytest

from zd_assets.defs.dagster_api import (
    ResolutionException,
    TracelessError,
    at_attribute,
    backfill_in_progress,
    candidates,
    evaluated_checks,
    forget_run,
    latest_check_run,
    selected_assets,
    subset_of,
    targets,
    waits_for_retry,
    with_variables,
)

DAYS = dg.DailyPartitionsDefinition("2026-02-01", end_date="2026-02-05")


def condition_on(
    asset: dg.AssetsDefinition, condition: dg.AutomationCondition[dg.AssetKey]
) -> set[str | None]:
    """The partitions that a tick asks for."""
    defs = dg.Definitions([asset])
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.evaluate_automation_conditions(defs=defs, instance=instance)
        subset = result.get_requested_partitions(asset.key)
        return set(subset)


class Asked(dg.AutomationCondition[dg.AssetKey]):
    """Answers for some of the partitions that it is asked about, and notes those."""

    def __init__(self, answer: set[str] | None) -> None:
        self.answer = answer
        self.asked: list[set[str]] = []

    @property
    def description(self) -> str:
        return "as the test says"

    def evaluate(self, context: dg.AutomationContext[dg.AssetKey]) -> dg.AutomationResult:  # type: ignore[type-arg]
        if context.partitions_def:
            self.asked.append(set(candidates(context)))
        return subset_of(context, self.answer)


class InBackfill(dg.AutomationCondition[dg.AssetKey]):
    """Answers for what a backfill is at."""

    @property
    def description(self) -> str:
        return "a backfill"

    async def evaluate(self, context: dg.AutomationContext[dg.AssetKey]) -> dg.AutomationResult:  # type: ignore[type-arg,override]
        return await backfill_in_progress(context)


def daily(condition: dg.AutomationCondition[dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.asset(partitions_def=DAYS, automation_condition=condition)
    def table() -> None: ...

    return table


def test_a_condition_is_asked_about_all_partitions_and_answers_for_some() -> None:
    condition = Asked({"2026-02-02", "2026-02-04"})
    assert condition_on(daily(condition), condition) == {"2026-02-02", "2026-02-04"}
    assert condition.asked == [{f"2026-02-0{day}" for day in range(1, 5)}]


@pytest.mark.parametrize(("answer", "requested"), [(None, {None}), (set(), set())])
def test_a_condition_answers_for_an_unpartitioned_table_as_a_whole(
    answer: set[str] | None, requested: set[str | None]
) -> None:
    condition = Asked(answer)

    @dg.asset(automation_condition=condition)
    def table() -> None: ...

    assert condition_on(table, condition) == requested


def test_without_a_backfill_none_is_in_progress() -> None:
    condition = InBackfill()
    assert condition_on(daily(condition), condition) == set()


def test_a_traceless_error_is_shown_by_its_message_alone(capfd: pytest.CaptureFixture[str]) -> None:
    @dg.op
    def fails() -> None:
        raise TracelessError("the lake is full", allow_retries=False)

    @dg.job(executor_def=dg.in_process_executor)
    def job() -> None:
        fails()

    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        [failure] = [e for e in result.all_events if e.is_step_failure]
        data = failure.step_failure_data
        assert data.user_failure_data
        assert data.user_failure_data.description == "the lake is full"
        shown = data.error_display_string
    assert "the lake is full" in shown
    assert "test_dagster_api.py" not in shown
    assert "Stack Trace" not in shown


@pytest.mark.parametrize("with_asset", [True, False])
def test_a_check_knows_what_its_run_materializes(with_asset: bool) -> None:
    seen: list[set[dg.AssetKey]] = []

    @dg.asset
    def table() -> None: ...

    @dg.asset_check(asset=table)
    def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        seen.append(set(selected_assets(context)))
        return dg.AssetCheckResult(passed=True)

    selection = dg.AssetSelection.checks(check)
    if with_asset:
        selection |= dg.AssetSelection.assets(table)
    defs = dg.Definitions(
        [table], asset_checks=[check], jobs=[dg.define_asset_job("job", selection)]
    )
    assert defs.resolve_job_def("job").execute_in_process().success
    assert seen == [{table.key} if with_asset else set()]


def test_a_run_that_failed_waits_for_its_retry_only_where_the_instance_says_so() -> None:
    failed = dg.DagsterRun(job_name="job", status=dg.DagsterRunStatus.FAILURE)
    assert not waits_for_retry(failed)
    retried = failed.with_tags({"dagster/will_retry": "true"})
    assert waits_for_retry(retried)
    assert not waits_for_retry(retried.with_status(dg.DagsterRunStatus.SUCCESS))


def test_templates_of_a_component_see_our_variables_and_errors_name_the_attribute() -> None:
    context = dg.ResolutionContext.default()
    scoped = with_variables(context, lambda name: f"value of {name}")
    assert scoped.resolve_value("{{ env('A') }}", as_type=str) == "value of A"
    below = at_attribute(at_attribute(context, "chat"), "token")
    assert list(below.path) == ["chat", "token"]
    with pytest.raises(ResolutionException):
        raise ResolutionException("chat.token is a secret")


def test_a_launcher_can_say_that_a_worker_is_gone() -> None:
    from zd_assets.defs.dagster_api import CheckRunHealthResult, WorkerStatus

    assert CheckRunHealthResult(WorkerStatus.FAILED, "gone").msg == "gone"
    assert asyncio.iscoroutinefunction(InBackfill.evaluate)


@dg.asset(
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    check_specs=[dg.AssetCheckSpec("right", asset="checked")],
)
def checked(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])


def materialized(instance: dg.DagsterInstance, first: str, last: str) -> str:
    tags = {
        "dagster/asset_partition_range_start": first,
        "dagster/asset_partition_range_end": last,
    }
    return dg.materialize([checked], instance=instance, tags=tags).run_id


def test_a_run_tells_which_partitions_it_was_to_make_and_which_checks_it_evaluated() -> None:
    with dg.instance_for_test() as instance:
        old = materialized(instance, "2026-02-01", "2026-02-02")
        new = materialized(instance, "2026-02-02", "2026-02-03")
        assert {(key, partition) for key, partition, _ in targets(instance, old)} == {
            (checked.key, "2026-02-01"),
            (checked.key, "2026-02-02"),
        }
        check = dg.AssetCheckKey(checked.key, "right")
        assert list(evaluated_checks(instance, old)) == [check]
        assert latest_check_run(instance, check) == new
        assert latest_check_run(instance, dg.AssetCheckKey(checked.key, "never")) is None


def test_a_forgotten_run_leaves_no_evaluation_of_a_check() -> None:
    with dg.instance_for_test() as instance:
        run_id = materialized(instance, "2026-02-01", "2026-02-01")
        forget_run(instance, run_id)
        assert latest_check_run(instance, dg.AssetCheckKey(checked.key, "right")) is None
        assert instance.get_run_by_id(run_id) is None
        assert not instance.get_materialized_partitions(checked.key)
