using VariationalBoN.Training;

namespace VariationalBoN.Tests.Training;

[Trait("Tier", "fast")]
public sealed class LearningRateScheduleTests
{
    private static readonly LearningRateSchedule s_linear = new()
    {
        Peak = 2,
        Steps = 12,
        WarmUpSteps = 4,
        FinalPart = 0.25,
    };

    [Fact]
    public void The_rate_rises_in_a_line_and_falls_in_a_line_to_a_part() =>
        Assert.Equal([0.5, 1, 1.5, 2, 2, 1.8125, 1.625, 1.4375, 1.25, 1.0625, 0.875, 0.6875, 0.5, 0.5], Rates(s_linear, 14));

    [Fact]
    public void A_cosine_is_half_way_in_the_middle_and_slow_at_its_ends()
    {
        double[] rates = Rates(s_linear with { Shape = ScheduleShape.Cosine }, 13);

        Assert.Equal([0.5, 1, 1.5, 2], rates[..4]);
        Assert.Equal([2, 1.25, 0.5], [rates[4], rates[8], rates[12]], (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.True(rates[4] - rates[5] < 0.1 && rates[11] - rates[12] < 0.1 && rates[7] - rates[8] > 0.28);
        Assert.Equal(0, (s_linear with { Shape = ScheduleShape.Cosine, FinalPart = 0 }).At(12), 1e-15);
    }

    [Fact]
    public void A_constant_stays_at_the_peak_after_the_warm_up() =>
        Assert.Equal([0.5, 1, 1.5, 2, 2, 2], Rates(s_linear with { Shape = ScheduleShape.Constant }, 6));

    [Fact]
    public void Without_warm_up_the_first_step_is_at_the_peak()
    {
        var schedule = new LearningRateSchedule { Peak = 1, Steps = 4 };
        Assert.Equal([1, 0.75, 0.5, 0.25, 0, 0], Rates(schedule, 6));
        Assert.Equal(0.3, (schedule with { WarmUpSteps = 10 }).At(2));
        Assert.Equal(1, (schedule with { WarmUpSteps = 4 }).At(3));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(100)]
    public void From_the_last_step_on_the_rate_is_the_part_of_the_peak_however_long_the_warm_up(long warmUp)
    {
        var schedule = s_linear with { Steps = 4, WarmUpSteps = warmUp };
        foreach (ScheduleShape shape in (ScheduleShape[])[ScheduleShape.Linear, ScheduleShape.Cosine])
        {
            LearningRateSchedule falling = schedule with { Shape = shape };
            Assert.Equal([8.0 / warmUp, 0.5, 0.5], [falling.At(3), falling.At(4), falling.At(1000)]);
        }

        Assert.Equal(2, (schedule with { Shape = ScheduleShape.Constant }).At(1000));
    }

    [Fact]
    public void Settings_out_of_range_are_named()
    {
        foreach (double peak in (double[])[0, -1, double.NaN, double.PositiveInfinity])
            Refused(s_linear with { Peak = peak }, "Peak");
        foreach (double part in (double[])[-0.1, 1.1, double.NaN])
            Refused(s_linear with { FinalPart = part }, "FinalPart");
        Refused(s_linear with { Steps = 0 }, "Steps");
        Refused(s_linear with { WarmUpSteps = -1 }, "WarmUpSteps");
        Refused(s_linear with { Shape = (ScheduleShape)9 }, "Shape");
        Assert.Throws<ArgumentOutOfRangeException>(() => s_linear.At(-1));

        static void Refused(LearningRateSchedule schedule, string setting) =>
            Assert.StartsWith($"{setting} is ", Assert.Throws<ArgumentException>(() => schedule.At(0)).Message, StringComparison.Ordinal);
    }

    private static double[] Rates(LearningRateSchedule schedule, int count) =>
        [.. Enumerable.Range(0, count).Select(step => schedule.At(step))];
}
