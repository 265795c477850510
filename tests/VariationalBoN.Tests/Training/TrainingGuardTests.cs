using VariationalBoN.Evaluation;
using VariationalBoN.Training;

namespace VariationalBoN.Tests.Training;

[Trait("Tier", "fast")]
public sealed class TrainingGuardTests
{
    private static readonly GuardOptions s_warnOnly = new() { Stop = _ => false, Window = 5 };

    [Fact]
    public void A_healthy_run_raises_nothing()
    {
        var random = new Random(1);
        var guard = new TrainingGuard(8, 256, new GuardOptions { Stop = _ => true });
        for (int step = 0; step < 300; step++)
        {
            double progress = 1 - Math.Exp(-step / 20.0); // the measured shape: KL overshoots to 1.5 times its end, reward saturates
            guard.Observe(
                step,
                Healthy with
                {
                    Kl = Kl((1.4 * progress) + (step is > 15 and < 40 ? 0.45 : 0) + (0.25 * (random.NextDouble() - 0.5)), 0.12),
                    Reward = new Estimate((3.6 * progress) + random.NextDouble(), 0.1, 32),
                    SaturatedShare = 0.03 * progress,
                    Diversity = 1 - (0.05 * progress),
                    Entropy = 1.2 - (0.4 * progress),
                    Length = 16 + random.NextDouble(),
                }
            );
        }
    }

    [Theory]
    [InlineData(GuardAlarmKind.NotANumber)]
    [InlineData(GuardAlarmKind.ExplodingKl)]
    [InlineData(GuardAlarmKind.NegativeKl)]
    [InlineData(GuardAlarmKind.CollapsedDiversity)]
    [InlineData(GuardAlarmKind.CollapsedEntropy)]
    [InlineData(GuardAlarmKind.Saturation)]
    [InlineData(GuardAlarmKind.LengthDrift)]
    [InlineData(GuardAlarmKind.Truncation)]
    public void Each_fault_raises_its_alarm_once_and_again_after_it_has_passed(GuardAlarmKind kind)
    {
        StepMetrics faulty = kind switch
        {
            GuardAlarmKind.NotANumber => Healthy with { Loss = double.NaN },
            GuardAlarmKind.ExplodingKl => Healthy with { Kl = Kl(80, 1) },
            GuardAlarmKind.NegativeKl => Healthy with { Kl = Kl(-0.5, 0.1) },
            GuardAlarmKind.CollapsedDiversity => Healthy with { Diversity = 0.1 },
            GuardAlarmKind.CollapsedEntropy => Healthy with { Entropy = 0.01 },
            GuardAlarmKind.Saturation => Healthy with { SaturatedShare = 0.5 },
            GuardAlarmKind.LengthDrift => Healthy with { Length = 60, Reward = new Estimate(5, 0.1, 8) },
            _ => Healthy with { TruncatedShare = 0.9 },
        };
        var guard = new TrainingGuard(8, 256, s_warnOnly);

        Assert.Empty(Observe(guard, Healthy, 10));
        GuardAlarm alarm = Assert.Single(Observe(guard, faulty, 10));
        Assert.Equal(kind, alarm.Kind);
        Assert.InRange(alarm.Step, 1000, 1010);
        Assert.Contains(alarm.Estimator, alarm.ToString(), StringComparison.Ordinal);
        Assert.Empty(Observe(guard, Healthy, 10));
        Assert.Equal(kind, Assert.Single(Observe(guard, faulty, 10)).Kind);
    }

    [Theory]
    [InlineData(GuardAlarmKind.CollapsedDiversity)]
    [InlineData(GuardAlarmKind.CollapsedEntropy)]
    [InlineData(GuardAlarmKind.Saturation)]
    [InlineData(GuardAlarmKind.Truncation)]
    public void Each_threshold_is_where_its_option_puts_it(GuardAlarmKind kind)
    {
        const double Threshold = 0.6;
        GuardOptions options = kind switch
        {
            GuardAlarmKind.CollapsedDiversity => s_warnOnly with { MinDiversityShare = Threshold },
            GuardAlarmKind.CollapsedEntropy => s_warnOnly with { MinEntropyShare = Threshold },
            GuardAlarmKind.Saturation => s_warnOnly with { MaxSaturatedShare = Threshold },
            _ => s_warnOnly with { MaxTruncatedShare = Threshold },
        };
        StepMetrics first = Healthy with { Diversity = 1, Entropy = 1 };
        StepMetrics At(double share) =>
            kind switch
            {
                GuardAlarmKind.CollapsedDiversity => first with { Diversity = share },
                GuardAlarmKind.CollapsedEntropy => first with { Entropy = share },
                GuardAlarmKind.Saturation => first with { SaturatedShare = share },
                _ => first with { TruncatedShare = share },
            };
        double beyond = kind is GuardAlarmKind.CollapsedDiversity or GuardAlarmKind.CollapsedEntropy ? -0.01 : 0.01;
        var guard = new TrainingGuard(8, 256, options);

        Assert.Empty(Observe(guard, first, 5));
        Assert.Empty(Observe(guard, At(Threshold - beyond), 5));
        GuardAlarm alarm = Assert.Single(Observe(guard, At(Threshold + beyond), 5));
        Assert.Equal((kind, Threshold), (alarm.Kind, Math.Round(alarm.Threshold, 12)));
    }

    [Fact]
    public void Growth_that_speeds_up_is_seen_before_it_explodes()
    {
        var guard = new TrainingGuard(8, 256, s_warnOnly);
        var alarms = new List<GuardAlarm>();
        for (int step = 0; step < 60; step++)
            alarms.AddRange(guard.Observe(step, Healthy with { Kl = Kl(0.2 * Math.Exp(step / 10.0), 0.05) }));

        Assert.Equal(GuardAlarmKind.AcceleratingKl, alarms[0].Kind);
        Assert.Contains(alarms, alarm => alarm.Kind == GuardAlarmKind.ExplodingKl && alarm.Step > alarms[0].Step);
    }

    [Fact]
    public void What_is_no_number_stops_at_once_and_names_the_step()
    {
        var guard = new TrainingGuard(8, 256);

        var stopped = Assert.Throws<TrainingStoppedException>(() => guard.Observe(3, Healthy with { Loss = double.NaN }));

        Assert.Equal((GuardAlarmKind.NotANumber, 3), (stopped.Alarm.Kind, stopped.Alarm.Step));
        Assert.Contains("step 3: the loss is NaN", stopped.Message, StringComparison.Ordinal);
        Assert.Throws<TrainingStoppedException>(() =>
            new TrainingGuard(8, 256).Observe(0, Healthy with { GradientNorm = double.PositiveInfinity })
        );
        Assert.Throws<TrainingStoppedException>(() =>
            new TrainingGuard(8, 256).Observe(0, Healthy with { Kl = Kl(double.NaN, double.NaN) })
        );
    }

    [Theory]
    [InlineData(double.NaN, 1.0, "the loss is NaN")]
    [InlineData(0.5, double.PositiveInfinity, "the norm of the gradient is")]
    [InlineData(null, double.NaN, "the norm of the gradient is NaN")]
    public void A_loop_without_completions_of_the_policy_names_the_step_at_which_its_numbers_break(
        double? loss,
        double? gradientNorm,
        string named
    )
    {
        var guard = new TrainingGuard(8, 256);
        for (int step = 0; step < 7; step++)
            Assert.Empty(guard.Observe(step, 0.7, 1e6));

        var stopped = Assert.Throws<TrainingStoppedException>(() => guard.Observe(7, loss, gradientNorm));

        Assert.Contains($"step 7: {named}", stopped.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Between_two_probes_of_such_a_loop_the_alarms_of_the_first_stand()
    {
        var guard = new TrainingGuard(8, 256, s_warnOnly);
        Observe(guard, Healthy, 5);
        Assert.Single(Observe(guard, Healthy with { TruncatedShare = 0.9 }, 5));

        Assert.Empty(guard.Observe(1005, 0.7, 1));
        Assert.Empty(Observe(guard, Healthy with { TruncatedShare = 0.9 }, 5));
        Assert.Single(guard.Observe(1011, double.NaN, null));
        Assert.Empty(guard.Observe(1012, double.NaN, null));
        Assert.Empty(guard.Observe(1013, 0.7, null));
        Assert.Single(guard.Observe(1014, double.NaN, null));
    }

    [Fact]
    public void The_caller_decides_what_stops()
    {
        var heard = new List<GuardAlarm>();
        var guard = new TrainingGuard(
            8,
            256,
            new GuardOptions
            {
                Window = 2,
                Stop = alarm =>
                {
                    heard.Add(alarm);
                    return alarm.Kind == GuardAlarmKind.Truncation;
                },
            }
        );
        Observe(guard, Healthy, 4);

        Assert.Throws<TrainingStoppedException>(() => Observe(guard, Healthy with { TruncatedShare = 1 }, 4));
        Assert.Single(heard);
    }

    [Fact]
    public void Saturation_is_measured_against_what_best_of_n_itself_shows()
    {
        StepMetrics half = Healthy with { SaturatedShare = 0.3 };

        Assert.NotEmpty(Observe(new TrainingGuard(8, 256, s_warnOnly), half, 10));
        Assert.Empty(Observe(new TrainingGuard(8, 16, s_warnOnly), half, 10)); // 8 / (8 + 16) is Best-of-N's own share
    }

    [Fact]
    public void Bad_arguments_are_all_named()
    {
        var faults = Assert.Throws<ArgumentException>(() =>
            new TrainingGuard(
                8,
                16,
                new GuardOptions
                {
                    Window = 1,
                    MaxLengthRatio = double.NaN,
                    MaxKl = 0,
                }
            )
        );
        Assert.Contains("Window is 1", faults.Message, StringComparison.Ordinal);
        Assert.Contains("MaxLengthRatio is NaN", faults.Message, StringComparison.Ordinal);
        Assert.Contains("MaxKl is 0", faults.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new TrainingGuard(double.NaN, 16));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TrainingGuard(8, 0));
        Assert.Contains(
            "give the loss",
            Assert.Throws<ArgumentException>(() => new TrainingGuard(8, 16).Observe(0, null, null)).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => new TrainingGuard(8, 16).Observe(-1, 0, 0));
    }

    private static StepMetrics Healthy { get; } =
        new()
        {
            Reward = new Estimate(0, 0.1, 8),
            Kl = Kl(0.05, 0.05),
            ObjectiveGap = new Estimate(1, 0.1, 8),
            Entropy = 1.2,
            Diversity = 1,
            SaturatedShare = 0.01,
            Length = 16,
            TruncatedShare = 0,
            Excluded = 0,
            Loss = -0.1,
            GradientNorm = 1,
        };

    private static KlEstimates Kl(double value, double error) =>
        new()
        {
            K1 = new Estimate(value, error, 8),
            K2 = new Estimate(value, error, 8),
            K3 = new Estimate(value, error, 8),
        };

    private static List<GuardAlarm> Observe(TrainingGuard guard, StepMetrics metrics, int steps) =>
        [.. Enumerable.Range(1000, steps).SelectMany(step => guard.Observe(step, metrics))];
}
