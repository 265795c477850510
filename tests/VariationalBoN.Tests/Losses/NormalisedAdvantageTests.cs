using System.Text.Json;
using TorchSharp;
using VariationalBoN.Losses;
using VariationalBoN.Testing.Worlds;
using VariationalBoN.Tests.Golden;

namespace VariationalBoN.Tests.Losses;

[Trait("Tier", "torch")]
public sealed class NormalisedAdvantageTests
{
    /// <summary>Cosines of the golden world of 27 sequences, enumerated in Python outside this library.</summary>
    [Theory]
    [InlineData(2, 2, 0.9564273664)]
    [InlineData(2, 3, 0.9685205594)]
    [InlineData(8, 2, 0.6557640339)]
    [InlineData(8, 3, 0.7814553367)]
    public void Dividing_by_the_deviation_of_the_group_turns_the_gradient_by_the_enumerated_angle(double n, int completions, double cosine)
    {
        JsonElement row = GoldenFile.Rows("golden_world_public.jsonl").Single(row => row.GetProperty("vocab").GetInt32() == 3);
        var world = new EnumerableWorld(
            3,
            3,
            Table(row, "refLogits"),
            [.. row.GetProperty("rewards").EnumerateArray().Select(r => r.GetDouble())],
            n
        );
        double[] theta = Table(row, "theta"),
            mean = new double[theta.Length],
            exact = world.ReverseGradient(theta, world.LogBestOfN);

        double[] weights = MeanWeights(world, world.LogProbs(theta), completions);
        for (int y = 0; y < world.Sequences; y++)
        {
            double[] score = world.ForwardGradient(
                theta,
                [.. Enumerable.Range(0, world.Sequences).Select(other => other == y ? 0 : double.NegativeInfinity)]
            ); // grad log pi_theta(y)
            for (int i = 0; i < mean.Length; i++)
                mean[i] += weights[y] * score[i];
        }

        Assert.Equal(cosine, Dot(mean, exact) / Math.Sqrt(Dot(mean, mean) * Dot(exact, exact)), 1e-7);
    }

    /// <summary>Log-probabilities that differ by one unit in the last place of float32 are equal returns, not advantages of 1.7.</summary>
    [Theory]
    [InlineData(-20, -19.999998)]
    [InlineData(-0.5, -0.50000006)]
    [InlineData(-300, -300.00003)]
    public void Returns_that_differ_by_rounding_have_no_advantage(double most, double last)
    {
        double[] log = [most, most, most, last];
        Assert.All(Weights(log, [most, most, most, most]), weight => Assert.Equal(0, weight, 1e-6));
    }

    [Fact]
    public void Returns_that_differ_by_more_have_the_advantage_of_their_deviation()
    {
        double[] log = [-20, -20, -20, -19.99],
            deviation = [.. Enumerable.Repeat(0.01 * Math.Sqrt(3) / 4, 4)];
        double[] weights = Weights(log, [-20, -20, -20, -20]);
        double least = 0.0025 / deviation[0];
        Assert.Equal([least, least, least, -3 * least], weights, (a, b) => Math.Abs(a - b) < 1e-4);
    }

    /// <summary>N = 1 and the policy is the reference: targets and log-probabilities are the same sums,
    /// added in float32 and in double.</summary>
    [Fact]
    public void A_policy_that_is_its_target_is_not_moved()
    {
        var random = new CounterRandom(1, "log-probabilities", 0);
        float[][] tokens =
        [
            .. Enumerable
                .Range(0, 16)
                .Select(i => Enumerable.Range(0, 20 + i).Select(t => -3 * Math.Abs((float)random.Normal((40 * i) + t))).ToArray()),
        ];
        double[] old = [.. tokens.Select(row => (double)row.Aggregate(0f, (sum, value) => sum + value))];
        double[] targets = [.. tokens.Select(row => row.Sum(value => (double)value))];
        Assert.Contains(old.Zip(targets), pair => Math.Abs(pair.First - pair.Second) > 1e-6);
        Assert.All(Weights(old, targets, [.. tokens.Select((_, i) => i / 8)]), weight => Assert.Equal(0, weight, 1e-6));
    }

    /// <summary>What the loss multiplies each grad log pi_theta by at pi_theta = pi_old.</summary>
    private static double[] Weights(double[] log, double[] targets, int[]? groups = null)
    {
        using var logProb = torch.tensor(log, requires_grad: true); // [B]
        using var loss = ClippedRatio.Loss(
            logProb,
            log,
            targets,
            groups ?? new int[log.Length],
            new ClippedRatioOptions { NormaliseByGroup = true }
        );
        loss.backward();
        using var gradient = logProb.grad!;
        return [.. gradient.data<double>().ToArray().Select(slope => -slope * log.Length)];
    }

    /// <summary>For each sequence the mean of what the loss multiplies its grad log pi_theta by:
    /// all groups at once, each weighted by its probability.</summary>
    private static double[] MeanWeights(EnumerableWorld world, double[] logPolicy, int completions)
    {
        int count = (int)Math.Pow(world.Sequences, completions);
        int[] drawn =
        [
            .. Enumerable
                .Range(0, count)
                .SelectMany(group =>
                    Enumerable.Range(0, completions).Select(k => group / (int)Math.Pow(world.Sequences, k) % world.Sequences)
                ),
        ];
        double[] log = [.. drawn.Select(y => logPolicy[y])],
            weights = new double[world.Sequences];
        using var logProb = torch.tensor(log, requires_grad: true); // [B]
        using var loss = ClippedRatio.Loss(
            logProb,
            log,
            [.. drawn.Select(y => world.LogBestOfN[y])],
            [.. Enumerable.Range(0, drawn.Length).Select(i => i / completions)],
            new ClippedRatioOptions { NormaliseByGroup = true }
        );
        loss.backward();
        using var gradient = logProb.grad!;
        double[] slopes = gradient.data<double>().ToArray();
        for (int i = 0; i < drawn.Length; i++)
        {
            double probability = Math.Exp(log.AsSpan(i / completions * completions, completions).ToArray().Sum());
            weights[drawn[i]] -= probability * count * slopes[i]; // the loss is a mean over all groups
        }

        return weights;
    }

    private static double[] Table(JsonElement row, string name) =>
        [.. row.GetProperty(name).EnumerateArray().SelectMany(context => context.EnumerateArray()).Select(logit => logit.GetDouble())];

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
}
