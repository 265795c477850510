using TorchSharp;
using VariationalBoN.References;
using VariationalBoN.Training;

namespace VariationalBoN.Tests.Training;

[Trait("Tier", "torch")]
[Collection("Leaks")]
public sealed class StepMetricsTests
{
    private static readonly ReferenceTable s_table = new ReferenceTable([
        new ReferencePrompt("x", [1.0, 2, 3], []),
        new ReferencePrompt("z", [1.0, 2, 3], []),
    ]).AcceptUnknownProvenance();

    private static readonly ScoredBatch s_scored = new(
        [
            Item("x", "a", [1, 2], 4, -3, FinishReason.Stopped),
            Item("x", "a", [1, 2], 4, -3, FinishReason.Stopped),
            Item("z", "b", [1], 2, -1, FinishReason.Length),
            Item("z", "c", [1, 2, 3], 3, -5, FinishReason.Stopped),
            new ScoredSample(Item("z", "d", [1], 0, -1, FinishReason.Stopped).Completion, null, -1),
            new ScoredSample(Item("z", "e", [1], 0, -1, FinishReason.Stopped).Completion, null, -1),
        ],
        [0, 0, 1, 1, 1, 1]
    );

    [Fact]
    public void Every_number_is_that_of_pencil_and_paper()
    {
        using var scope = torch.NewDisposeScope();
        var numbers = StepMetrics.Of(s_table.BestOf(2), s_scored, torch.tensor(new[] { -2.0, -2, -1.5, -4 }));

        Assert.Equal(3.25, numbers.Reward.Value, 12);
        Assert.Equal((1 + 1 - 0.5 + 1) / 4, numbers.Kl.K1.Value, 12);
        Assert.Equal(9.5 / 8, numbers.Entropy, 12);
        Assert.Equal(0.5, numbers.Diversity!.Value, 12); // those of "x" are the same, those of "z" differ
        Assert.Equal(0.5, numbers.ZeroSpreadShare!.Value, 12); // those of "x" have one reward
        Assert.Equal(0.5, numbers.Values()[MetricNames.ZeroSpreadShare], 12);
        Assert.Equal(0.5, numbers.SaturatedShare!.Value, 12);
        Assert.Equal(2, numbers.Length, 12);
        Assert.Equal(0.25, numbers.TruncatedShare, 12);
        Assert.Equal(2, numbers.Excluded);
        // log rho of N = 2 over M + 1 = 4 atoms is log(F_lt + F_le): k_lt = 3, 3, 1, 2 and k_eq = 0, 0, 1, 1.
        double[] logRatios = [Math.Log(7 / 4.0), Math.Log(7 / 4.0), Math.Log(4 / 4.0), Math.Log(6 / 4.0)];
        Assert.Equal(numbers.Kl.K1.Value - logRatios.Average(), numbers.ObjectiveGap.Value, 12);
        Assert.Equal(numbers.Kl.K1.Value, numbers.Values()[MetricNames.Kl]);
        Assert.DoesNotContain(MetricNames.Loss, numbers.Values().Keys);
    }

    [Fact]
    public void Each_number_stands_under_its_name()
    {
        using var scope = torch.NewDisposeScope();
        StepMetrics numbers = StepMetrics.Of(s_table.BestOf(2), s_scored, torch.tensor(new[] { -2.0, -2, -1.5, -4 })) with
        {
            LeftOut = 3,
            Loss = 0.7,
            GradientNorm = 1.5,
            LearningRate = 1e-5,
            Update = null,
        };

        Assert.Equal(
            new Dictionary<string, double>
            {
                [MetricNames.Reward] = numbers.Reward.Value,
                [MetricNames.Kl] = numbers.Kl.K1.Value,
                [MetricNames.KlStandardError] = numbers.Kl.K1.StandardError,
                [MetricNames.ObjectiveGap] = numbers.ObjectiveGap.Value,
                [MetricNames.Entropy] = 9.5 / 8,
                [MetricNames.Diversity] = 0.5,
                [MetricNames.ZeroSpreadShare] = 0.5,
                [MetricNames.SaturatedShare] = 0.5,
                [MetricNames.Length] = 2,
                [MetricNames.TruncatedShare] = 0.25,
                [MetricNames.Excluded] = 2,
                [MetricNames.LeftOut] = 3,
                [MetricNames.Loss] = 0.7,
                [MetricNames.GradientNorm] = 1.5,
                [MetricNames.LearningRate] = 1e-5,
            },
            numbers.Values()
        );
    }

    [Fact]
    public void Completions_that_were_alone_in_their_group_are_counted()
    {
        using var scope = torch.NewDisposeScope();
        ScoredBatch scored = new ScoredBatch([.. s_scored.Drawn], [0, 0, 1, 2, 1, 1]).WithoutLone();
        StepMetrics numbers = StepMetrics.Of(s_table.BestOf(2), scored, torch.full(scored.Count, -1.0, torch.float64));

        Assert.Equal((2, scored.LeftOut), (scored.Count, numbers.LeftOut));
        Assert.Equal(2, numbers.LeftOut);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(16)]
    public void A_collapse_onto_one_text_raises_its_alarm_for_every_number_of_completions(int completionsPerPrompt)
    {
        var guard = new TrainingGuard(2, 3, new GuardOptions { Window = 2, Stop = _ => false });
        StepMetrics healthy = Completions(i => $"{i}"),
            collapsed = Completions(_ => "same");

        Assert.Equal(1, healthy.Diversity!.Value);
        Assert.Equal(0, collapsed.Diversity!.Value);
        Assert.DoesNotContain(Observe(healthy), IsCollapse);
        Assert.Single(Observe(collapsed), IsCollapse);

        GuardAlarm[] Observe(StepMetrics numbers) => [.. guard.Observe(0, numbers), .. guard.Observe(1, numbers)];

        StepMetrics Completions(Func<int, string> text)
        {
            using var scope = torch.NewDisposeScope();
            // the prompt with a single completion says nothing
            int[] groups = [.. Enumerable.Range(0, completionsPerPrompt).Select(_ => 0), 1];
            var scored = new ScoredBatch(
                [.. groups.Select((group, i) => Item(group == 0 ? "x" : "z", text(i), [1], 1, -1, FinishReason.Stopped))],
                [.. groups]
            );
            return StepMetrics.Of(s_table.BestOf(2), scored, torch.full(groups.Length, -1.0, torch.float64));
        }
    }

    [Fact]
    public void Log_probabilities_that_are_no_numbers_pass_and_stop_a_guard()
    {
        using var scope = torch.NewDisposeScope();
        var numbers = StepMetrics.Of(s_table.BestOf(2), s_scored, torch.tensor(new[] { -2.0, double.NaN, -1.5, -4 }));

        Assert.Throws<TrainingStoppedException>(() => new TrainingGuard(2, 3).Observe(0, numbers));
    }

    [Fact]
    public void Lengths_and_shapes_are_checked()
    {
        using var scope = torch.NewDisposeScope();
        Assert.Contains(
            "4 completions and 3",
            Assert.Throws<ArgumentException>(() => StepMetrics.Of(s_table.BestOf(2), s_scored, torch.zeros(3))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "[2, 2]",
            Assert.Throws<ArgumentException>(() => StepMetrics.Of(s_table.BestOf(2), s_scored, torch.zeros(2, 2))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Nothing_is_left_behind()
    {
        using var logProb = torch.tensor(new[] { -2.0, -2, -1.5, -4 });
        long before = LiveTensors.Settled();

        StepMetrics.Of(s_table.BestOf(2), s_scored, logProb);

        Assert.Equal(before, LiveTensors.Now);
    }

    private static bool IsCollapse(GuardAlarm alarm) => alarm.Kind == GuardAlarmKind.CollapsedDiversity;

    private static ScoredCompletion Item(
        Prompt prompt,
        string text,
        int[] tokens,
        double reward,
        double logReference,
        FinishReason finish
    ) =>
        new(
            new Completion
            {
                Prompt = prompt,
                Text = text,
                Tokens = [.. tokens],
                FinishReason = finish,
            },
            reward,
            logReference
        );
}
