using TorchSharp.Modules;
using VariationalBoN.Training;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Training;

/// <summary>16-bit weights whose steps rounding takes away: refused, measured, seen by the guard.</summary>
[Trait("Tier", "torch")]
public sealed class HalfPrecisionTrainingTests
{
    [Theory]
    [InlineData(ScalarType.BFloat16, 1e-3, "0.001", "2^-8")]
    [InlineData(ScalarType.Float16, 1e-4, "0.0001", "2^-11")]
    [InlineData(ScalarType.Float16, 0.499 / 2048, "0.0002437", "2^-11")]
    public void Steps_below_the_spacing_of_16_bit_weights_are_refused_by_both_values(
        ScalarType type,
        double learningRate,
        string shown,
        string part
    )
    {
        using var weights = Weights(type);
        using var adam = new VariationalBoN.AdamW([weights], learningRate);
        var error = Assert.Throws<InvalidOperationException>(adam.Step);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.Contains(shown, error.Message, StringComparison.Ordinal);
        Assert.Contains("0.5", error.Message, StringComparison.Ordinal); // the median magnitude
        Assert.Contains("AllowLostSteps", error.Message, StringComparison.Ordinal);
        Assert.Contains("float32", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, 0.5 / 256)]
    [InlineData(ScalarType.Float16, 0.5 / 2048)]
    [InlineData(ScalarType.Float16, 1e-3)]
    [InlineData(ScalarType.Float32, 1e-9)]
    public void Steps_that_weights_can_take_are_accepted(ScalarType type, double learningRate)
    {
        using var weights = Weights(type);
        using var adam = new VariationalBoN.Adam([weights], learningRate);
        Pull(weights);
        adam.Step();
        Assert.Equal(1, adam.LastUpdate!.Steps);
    }

    [Fact]
    public void A_schedule_may_begin_and_end_low()
    {
        using var weights = Weights(ScalarType.BFloat16);
        using var adam = new VariationalBoN.AdamW([weights], learningRate: 0.01);
        foreach (double rate in new[] { 1e-5, 0.01, 0 })
        {
            adam.SetLearningRate(rate);
            Pull(weights);
            adam.Step();
        }

        Assert.Equal(3, adam.LastUpdate!.Steps);
    }

    [Fact]
    public void Bfloat16_stands_still_where_float32_moves_and_the_guard_says_so()
    {
        WeightUpdate still = Train(ScalarType.BFloat16),
            moving = Train(ScalarType.Float32);
        Assert.Equal(20, still.Steps);
        Assert.InRange(still.ChangedShare, 0, 0.05);
        Assert.Equal(1, moving.ChangedShare);
        Assert.InRange(still.Ratio, 0, 2e-6); // the few weights near 0 move
        Assert.Equal(1e-5 * Math.Sqrt(1000) / Math.Sqrt(Enumerable.Range(1, 1000).Sum(i => i * i / 1e6)), moving.Ratio, 2e-7);

        Assert.Contains(GuardAlarmKind.StandingStill, Alarms(still).Select(alarm => alarm.Kind));
        Assert.DoesNotContain(GuardAlarmKind.StandingStill, Alarms(moving).Select(alarm => alarm.Kind));
        Assert.DoesNotContain(GuardAlarmKind.StandingStill, Alarms(still with { Steps = 19 }).Select(alarm => alarm.Kind));
        GuardAlarm raised = Alarms(still).Single(alarm => alarm.Kind == GuardAlarmKind.StandingStill);
        Assert.Equal((still.ChangedShare, 0.1), (raised.Value, raised.Threshold));
    }

    [Fact]
    public void Weights_that_never_had_a_gradient_do_not_count_as_standing_still()
    {
        using var table = new Parameter(ones(1000, 4));
        using var adam = new VariationalBoN.AdamW([table], learningRate: 0.1);
        for (int step = 0; step < 20; step++)
        {
            using var scope = NewDisposeScope();
            adam.ZeroGrad();
            table.narrow(0, 3, 2).sum().backward();
            adam.Step();
        }

        Assert.Equal(1, adam.LastUpdate!.ChangedShare);
    }

    [Fact]
    public void The_sample_of_many_weights_sees_those_of_every_parameter()
    {
        using var large = new Parameter(ones(300, 1001));
        using var small = new Parameter(ones(7));
        using var adam = new VariationalBoN.AdamW([large, small], learningRate: 0.5);
        using (var loss = large.sum())
            loss.backward();
        adam.Step();
        WeightUpdate update = adam.LastUpdate!;
        Assert.Equal(1, update.ChangedShare);
        Assert.Equal(1, update.Ratio, 1e-3); // from 1 to 0.5: the update is as large as what is left
    }

    /// <summary>In float16 most weights of about 0.5 take a step of 2^-11 of that and few one of an eighth of it.</summary>
    [Fact]
    public void The_bound_of_float16_is_where_rounding_begins_to_take_steps()
    {
        Assert.InRange(Train(ScalarType.Float16, 0.5 / 2048).ChangedShare, 0.5, 1);
        Assert.InRange(Train(ScalarType.Float16, 0.5 / 2048 / 8).ChangedShare, 0, 0.2);
    }

    /// <summary>More than 2 GiB of weights, of which memory holds one: read in pieces, since no span of bytes is as long.</summary>
    [Fact]
    [Trait("Tier", "slow")]
    public void Weights_of_more_than_2_GiB_are_looked_at()
    {
        using var one = full(1, 0.5, ScalarType.BFloat16);
        using var weights = new Parameter(one.expand(1_100_000_000));
        var error = Assert.Throws<InvalidOperationException>(() => HalfPrecisionWeights.RequireSteps([weights], 1e-4, "Adam"));
        Assert.Contains("median magnitude 0.5", error.Message, StringComparison.Ordinal);
    }

    private static Parameter Weights(ScalarType type)
    {
        using var values = arange(1, 1001, dtype: ScalarType.Float32).div(1000); // median 0.5
        return new Parameter(values.to(type, copy: true));
    }

    private static void Pull(Parameter weights)
    {
        using var scope = NewDisposeScope();
        weights.grad = null;
        weights.sum().backward();
    }

    private static WeightUpdate Train(ScalarType type, double learningRate = 1e-5)
    {
        using var weights = Weights(type);
        using var adam = new VariationalBoN.AdamW([weights], learningRate) { AllowLostSteps = true };
        Assert.Null(adam.LastUpdate);
        for (int step = 0; step < 20; step++)
        {
            Pull(weights);
            adam.Step();
        }

        return adam.LastUpdate!;
    }

    private static IReadOnlyList<GuardAlarm> Alarms(WeightUpdate update) =>
        new TrainingGuard(4, 64).Observe(20, UnmovedGuardTests.Step(0.1, 1) with { Update = update });
}
