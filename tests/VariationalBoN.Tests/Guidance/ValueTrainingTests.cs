using TorchSharp;
using VariationalBoN.BestOfN;
using VariationalBoN.Guidance;

namespace VariationalBoN.Tests.Guidance;

/// <summary>What a head is taught: labels of ranks, and targets that mix the end with the next prefix.</summary>
[Trait("Tier", "torch")]
public sealed class ValueTrainingTests
{
    [Theory]
    [InlineData(5)]
    [InlineData(64)]
    public void Labels_are_laws_whose_mean_over_all_ranks_is_that_of_the_reference(int samples)
    {
        var bins = new RankBins(24, 2.5);
        double[][] labels = bins.Labels(samples);
        Assert.All(labels, label => Assert.Equal(1, label.Sum(), 1e-12));
        for (int b = 0; b < bins.Count; b++)
            Assert.Equal(bins.Edges[b + 1] - bins.Edges[b], labels.Average(label => label[b]), 1e-12);
        Assert.Equal((0.0, 1.0), (bins.Edges[0], bins.Edges[^1]));
        Assert.True(bins.Edges[^1] - bins.Edges[^2] < bins.Edges[1] - bins.Edges[0]);
    }

    [Fact]
    public void Equal_rewards_share_the_mean_of_their_labels()
    {
        var bins = new RankBins(6, 1);
        var cdf = new EmpiricalRewardCdf([1, 2, 2, 2, 5]);
        double[][] labels = bins.Labels(5);
        float[] tied = bins.Label(cdf, 2, labels);
        for (int b = 0; b < 6; b++)
            Assert.Equal((labels[1][b] + labels[2][b] + labels[3][b]) / 3, tied[b], 1e-6);
    }

    [Fact]
    public void Values_in_the_loss_pull_nothing_where_they_are_exact_and_towards_the_best_where_they_are_low()
    {
        using var scope = torch.NewDisposeScope();
        var bins = new RankBins(24, 2.5);
        var weights = ValueTraining.Weights(bins, samples: 40); // [B, N]: N = 4 and 16, which 40 samples tell
        Assert.Equal([24, 2], weights.shape);
        float[] widths = [.. Enumerable.Range(0, 24).Select(b => (float)(bins.Edges[b + 1] - bins.Edges[b]))],
            best = new float[24];
        best[^1] = 1;

        // An untrained network says the law of the reference, whose values are 1.
        Assert.All(Gradient(widths, 0).Zip(Gradient(widths, 5)), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        Assert.True(Gradient(best, 1)[^1] < Gradient(best, 0)[^1] - 0.01);

        float[] Gradient(float[] label, double valueWeight)
        {
            using var network = new ValueNetwork(3, 4, new ValueHeadOptions { Width = 4, Sums = 2 }, bins);
            var tokens = torch.zeros([1, 2], torch.int64);
            var batch = new ValueBatch(
                torch.ones(1, 2, 3),
                tokens,
                tokens,
                torch.ones(1, 2),
                torch.tensor(new float[] { 1, 0 }, [1, 2, 1]),
                torch.tensor(label, [1, 24]),
                torch.zeros(1)
            );
            ValueTraining.Loss(network, batch, lambda: 1, weights, valueWeight).backward();
            return [.. network.named_parameters().Single(named => named.name == "token_law").parameter.grad!.data<float>()];
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.8)]
    [InlineData(1)]
    public void Targets_are_the_recursion_from_the_end(double lambda)
    {
        using var scope = torch.NewDisposeScope();
        const int B = 2,
            T = 4,
            Bins = 3;
        int[] lengths = [4, 2];
        var laws = torch.rand([B, T, Bins], torch.float32, generator: new torch.Generator(3));
        var labels = torch.rand([B, Bins], torch.float32, generator: new torch.Generator(4));
        float[] left = [.. Enumerable.Range(0, B * T).Select(i => (float)Math.Max(0, lengths[i / T] - 1 - (i % T)))];
        float[] mask = [.. Enumerable.Range(0, B * T).Select(i => i % T < lengths[i / T] ? 1f : 0f)];
        var nothing = torch.zeros(1);
        var batch = new ValueBatch(nothing, nothing, nothing, torch.tensor(mask, [B, T]), torch.tensor(left, [B, T, 1]), labels, nothing);

        long before = scope.DisposablesCount;
        var targets = ValueTraining.Targets(laws, batch, lambda);
        Assert.Equal(before + 1, scope.DisposablesCount); // the targets alone are left

        for (int row = 0; row < B; row++)
        {
            for (int b = 0; b < Bins; b++)
            {
                double y = labels[row, b].item<float>();
                for (int t = lengths[row] - 1; t >= 0; t--)
                {
                    if (t < lengths[row] - 1)
                        y = (lambda * y) + ((1 - lambda) * laws[row, t + 1, b].item<float>());
                    Assert.Equal(y, targets[row, t, b].item<float>(), 1e-6);
                }
            }
        }
    }
}
