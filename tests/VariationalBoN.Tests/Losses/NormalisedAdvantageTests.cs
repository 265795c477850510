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
        var world = new EnumerableWorld(3, 3, Table(row, "refLogits"), [.. row.GetProperty("rewards").EnumerateArray().Select(r => r.GetDouble())], n);
        double[] theta = Table(row, "theta"), mean = new double[theta.Length], exact = world.ReverseGradient(theta, world.LogBestOfN);

        double[] weights = MeanWeights(world, world.LogProbs(theta), completions);
        for (int y = 0; y < world.Sequences; y++)
        {
            double[] score = world.ForwardGradient(theta, [.. Enumerable.Range(0, world.Sequences).Select(other => other == y ? 0 : double.NegativeInfinity)]); // grad log pi_theta(y)
            for (int i = 0; i < mean.Length; i++)
                mean[i] += weights[y] * score[i];
        }

        Assert.Equal(cosine, Dot(mean, exact) / Math.Sqrt(Dot(mean, mean) * Dot(exact, exact)), 1e-7);
    }

    /// <summary>For each sequence the mean of what the loss multiplies its grad log pi_theta by: all groups at once, each weighted by its probability.</summary>
    private static double[] MeanWeights(EnumerableWorld world, double[] logPolicy, int completions)
    {
        int count = (int)Math.Pow(world.Sequences, completions);
        int[] drawn = [.. Enumerable.Range(0, count).SelectMany(group => Enumerable.Range(0, completions).Select(k => group / (int)Math.Pow(world.Sequences, k) % world.Sequences))];
        double[] log = [.. drawn.Select(y => logPolicy[y])], weights = new double[world.Sequences];
        using var logProb = torch.tensor(log, requires_grad: true); // [B]
        using var loss = ClippedRatio.Loss(logProb, log, [.. drawn.Select(y => world.LogBestOfN[y])], [.. Enumerable.Range(0, drawn.Length).Select(i => i / completions)],
            new ClippedRatioOptions { NormaliseByGroup = true });
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

    private static double[] Table(JsonElement row, string name) => [.. row.GetProperty(name).EnumerateArray().SelectMany(context => context.EnumerateArray()).Select(logit => logit.GetDouble())];

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
}
