using VariationalBoN.Evaluation;

namespace VariationalBoN.Tests.Evaluation;

[Trait("Tier", "fast")]
public sealed class LengthControlledWinRateTests
{
    /// <summary>With two differences, d and -d, the regression is saturated:
    /// logits of the two win rates are a + b tanh(1) and a - b tanh(1).</summary>
    [Fact]
    public void Two_lengths_have_the_closed_form()
    {
        const int Each = 40_000; // the prior is 1 / 25 against 10,000 and more
        (double longer, double shorter) = (.8, .45);
        var wins = new List<double>();
        var differences = new List<double>();
        for (int i = 0; i < Each; i++)
        {
            wins.AddRange([i < longer * Each ? 1 : 0, i < shorter * Each ? 1 : 0]);
            differences.AddRange([7, -7]);
        }

        var rate = LengthControlledWinRate.Of(wins, differences, [.. Enumerable.Range(0, 2 * Each)]);

        double a = (Logit(longer) + Logit(shorter)) / 2,
            b = (Logit(longer) - Logit(shorter)) / 2 / Math.Tanh(1);
        Assert.Equal(1 / (1 + Math.Exp(-a)), rate.Controlled, 1e-5);
        Assert.Equal(b, rate.LengthEffect, 1e-4);
        Assert.Equal(7, rate.LengthScale, 1e-9);
        Assert.Equal((longer + shorter) / 2, rate.WinRate.Value, 1e-9);
        Assert.Equal((2 * Each, 0.95), (rate.Comparisons, rate.Confidence));
        double error = Math.Sqrt((1 / (longer * (1 - longer))) + (1 / (shorter * (1 - shorter)))) / 2 / Math.Sqrt(Each);
        Assert.Equal(1 / (1 + Math.Exp(-(a - (1.96 * error)))), rate.Interval.Lower, 1e-4);
        Assert.Equal(1 / (1 + Math.Exp(-(a + (1.96 * error)))), rate.Interval.Upper, 1e-4);

        static double Logit(double p) => Math.Log(p / (1 - p));
    }

    /// <summary>A judge of length alone, and an answer that is longer:
    /// the raw win rate is high, at equal length it is one half. Prompts differ in difficulty.</summary>
    [Fact]
    public void Intervals_hold_the_truth_of_a_judge_that_likes_length_about_as_often_as_they_say()
    {
        const int Tables = 200,
            Prompts = 30,
            Each = 6;
        int held = 0,
            raw = 0;
        for (int t = 0; t < Tables; t++)
        {
            var wins = new List<double>();
            var differences = new List<double>();
            var owners = new List<int>();
            for (int p = 0; p < Prompts; p++)
            {
                double difficulty = .7 * new CounterRandom(new DrawSeed(t), "difficulty", p).Normal(0);
                for (int k = 0; k < Each; k++)
                {
                    var random = new CounterRandom(new DrawSeed(t), $"p{p}", k);
                    double x = random.Normal(0) + .8;
                    wins.Add(random.Uniform(1) < 1 / (1 + Math.Exp(-(difficulty + (1.5 * Math.Tanh(x))))) ? 1 : 0);
                    differences.Add(x * 30);
                    owners.Add(p);
                }
            }

            var rate = LengthControlledWinRate.Of(wins, differences, owners);
            held += rate.Interval.Contains(.5) ? 1 : 0;
            raw += rate.WinRate.Value - (1.96 * rate.WinRate.StandardError) > .5 ? 1 : 0;
        }

        Assert.InRange(held, 177, Tables); // Binomial(200, .95) is below 177 once in 5,000 times
        Assert.True(raw > .8 * Tables);
    }

    [Fact]
    public void One_side_that_always_wins_one_prompt_and_equal_lengths_have_numbers()
    {
        var always = LengthControlledWinRate.Of([1, 1, 1, 1], [1, -2, 3, 1], [0, 0, 1, 1]);
        var equal = LengthControlledWinRate.Of([1, 1, 1, 0, .5], [0, 0, 0, 0, 0], [0, 1, 2, 3, 4]);
        var one = LengthControlledWinRate.Of([1, 0, 1, 1], [1, -2, 3, 1], [0, 0, 0, 0]);

        Assert.InRange(always.Controlled, .9, .9999999);
        Assert.Equal(.7, equal.Controlled, 1e-2);
        Assert.Equal(0, equal.LengthEffect);
        Assert.Equal(new Interval(0, 1), one.Interval);
        Assert.True(double.IsFinite(one.Controlled));
    }

    /// <summary>n of n won: the exact (Clopper-Pearson) lower bound of 95 % is .025^(1 / n).</summary>
    [Theory]
    [InlineData(5)]
    [InlineData(20)]
    [InlineData(100)]
    public void Where_one_side_wins_all_the_interval_is_no_narrower_than_the_exact_one(int count)
    {
        int[] prompts = [.. Enumerable.Range(0, count)];
        double exact = Math.Pow(.025, 1.0 / count);
        var equal = LengthControlledWinRate.Of([.. prompts.Select(_ => 1.0)], [.. prompts.Select(_ => 0.0)], prompts);
        var other = LengthControlledWinRate.Of([.. prompts.Select(_ => 1.0)], [.. prompts.Select(i => (i % 5) - 2.0)], prompts);
        var lost = LengthControlledWinRate.Of([.. prompts.Select(_ => 0.0)], [.. prompts.Select(_ => 0.0)], prompts);

        Assert.InRange(equal.Interval.Lower, 0, exact);
        Assert.InRange(other.Interval.Lower, 0, exact);
        Assert.Equal(1 - equal.Interval.Lower, lost.Interval.Upper, 1e-9);
        Assert.True(count < 100 || equal.Interval.Lower > .8, $"{equal.Interval}"); // and it still says something
    }

    [Fact]
    public void Bad_input_is_refused_by_name()
    {
        Assert.Contains(
            "wins[1] is 2",
            Assert.Throws<ArgumentException>(() => LengthControlledWinRate.Of([1, 2], [1, 2], [0, 1])).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "lengthDifferences[0] is NaN",
            Assert.Throws<ArgumentException>(() => LengthControlledWinRate.Of([1, 0], [double.NaN, 2], [0, 1])).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "is 3",
            Assert.Throws<ArgumentException>(() => LengthControlledWinRate.Of([1, 0], [3, 3], [0, 1])).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>(() => LengthControlledWinRate.Of([], [], []));
        Assert.Throws<ArgumentException>(() => LengthControlledWinRate.Of([1], [1, 2], [0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => LengthControlledWinRate.Of([1, 0], [1, 2], [0, 1], confidence: 1));
    }
}
