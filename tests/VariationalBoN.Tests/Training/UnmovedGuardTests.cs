using VariationalBoN.Evaluation;
using VariationalBoN.Training;

namespace VariationalBoN.Tests.Training;

/// <summary>Alarms for a reference that moves with the policy and for rewards that prefer nothing.</summary>
[Trait("Tier", "fast")]
public sealed class UnmovedGuardTests
{
    [Fact]
    public void A_reference_on_the_policys_module_is_seen_by_log_ratios_of_exactly_0()
    {
        GuardAlarm alarm = Assert.Single(Alarms(step => Step(kl: 0, reward: step * 0.1)));
        Assert.Equal(GuardAlarmKind.SharedModule, alarm.Kind);
        Assert.Contains("one module", alarm.Cause, StringComparison.Ordinal);
        Assert.False(alarm.IsFatal);
    }

    [Theory]
    [InlineData(1e-12, 0.1)]
    [InlineData(0, 0)]
    [InlineData(0, -0.1)]
    public void A_small_log_ratio_or_a_reward_that_does_not_rise_is_no_alarm(double kl, double rise) =>
        Assert.Empty(Alarms(step => Step(kl, step * rise)));

    [Fact]
    public void Rewards_without_a_difference_within_any_prompt_are_an_alarm_and_one_prompt_with_some_is_none()
    {
        GuardAlarm alarm = Assert.Single(Alarms(_ => Step(0.1, 1) with { ZeroSpreadShare = 1 }));
        Assert.Equal(GuardAlarmKind.NoRewardSpread, alarm.Kind);
        Assert.Empty(Alarms(step => Step(0.1, 1) with { ZeroSpreadShare = step % 10 == 3 ? 0.9 : 1 }));
        Assert.Empty(Alarms(_ => Step(0.1, 1) with { ZeroSpreadShare = null }));
    }

    [Fact]
    public void Update_and_changed_share_are_metrics_with_names_and_a_unit()
    {
        var values = (Step(0.1, 1) with { Update = new WeightUpdate(7, 0.001, 0.5) }).Values();
        Assert.Equal(0.001, values[MetricNames.UpdateRatio]);
        Assert.Equal(0.5, values[MetricNames.ChangedShare]);
        Assert.DoesNotContain(MetricNames.UpdateRatio, Step(0.1, 1).Values().Keys);
        Assert.Throws<ArgumentException>(() => new TrainingGuard(4, 64, new GuardOptions { MinChangedShare = 1.1 }));
    }

    /// <summary>The numbers of a healthy step with this KL and reward.</summary>
    internal static StepMetrics Step(double kl, double reward) =>
        new()
        {
            Reward = new Estimate(reward, 0.1, 8),
            Kl = new KlEstimates
            {
                K1 = new Estimate(kl, 0.01, 8),
                K2 = new Estimate(kl, 0.01, 8),
                K3 = new Estimate(kl, 0.01, 8),
            },
            ObjectiveGap = new Estimate(1, 0.1, 8),
            Entropy = 1,
            Diversity = 0.5,
            ZeroSpreadShare = 0.5,
            SaturatedShare = 0,
            Length = 10,
            TruncatedShare = 0,
            Excluded = 0,
        };

    private static GuardAlarm[] Alarms(Func<int, StepMetrics> numbers)
    {
        var guard = new TrainingGuard(4, 64);
        return [.. Enumerable.Range(0, 30).SelectMany(step => guard.Observe(step, numbers(step)))];
    }
}
