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

        // An untrained network says the distribution of the reference, whose values are 1.
        Assert.All(Gradient(widths, 0).Zip(Gradient(widths, 5)), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        Assert.True(Gradient(best, 1)[^1] < Gradient(best, 0)[^1] - 0.01);

        float[] Gradient(float[] label, double valueWeight)
        {
            using var network = new ValueNetwork(3, 4, new ValueHeadOptions { Width = 4, Sums = 2 }, bins);
            var batch = new ValueBatch(new PackedRows([Row(0, 0)], torch.CPU), torch.ones(2, 3), [label], torch.zeros(1));
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
        using var nothing = torch.zeros(1);
        const int Bins = 3;
        var random = new Random(3);
        float[] laws = [.. Enumerable.Range(0, 6 * Bins).Select(_ => random.NextSingle())];
        float[][] labels =
        [
            [0.1f, 0.2f, 0.7f],
            [0.5f, 0.3f, 0.2f],
        ];
        using var scope = torch.NewDisposeScope();
        var batch = new ValueBatch(new PackedRows([Row(1, 2, 3, 4), Row(5, 6)], torch.CPU), nothing, labels, nothing);
        float[] logs = Array.ConvertAll(laws, MathF.Log);

        float[] targets = ValueTraining.Targets(logs, batch, lambda);
        int[] lengths = [4, 2];
        for (int row = 0, first = 0; row < 2; first += lengths[row++])
        {
            for (int b = 0; b < Bins; b++)
            {
                double y = labels[row][b];
                for (int t = lengths[row] - 1; t >= 0; t--)
                {
                    if (t < lengths[row] - 1)
                        y = (lambda * y) + ((1 - lambda) * laws[((first + t + 1) * Bins) + b]);
                    Assert.Equal(y, targets[((first + t) * Bins) + b], 1e-6);
                }
            }
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 1)]
    [InlineData(0, 2)]
    [InlineData(3, 2)]
    public void States_of_packed_rows_are_those_of_one_token_after_the_other(int forgetting, int stages)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        const int Hidden = 3,
            Vocabulary = 5;
        var options = new ValueHeadOptions
        {
            Width = 6,
            Sums = 4,
            Forgetting = forgetting,
            Stages = stages,
        };
        using var network = new ValueNetwork(Hidden, Vocabulary, options, new RankBins(4, 1));
        foreach (var parameter in network.parameters()) // trained ones, whatever they are
            parameter.add_(torch.randn(parameter.shape, generator: new torch.Generator(7)) * 0.5);
        Completion[] completions = [Row(1, 4, 2, 0, 3, 3, 1), Row(2), Row(0, 3, 1)];
        var rows = new PackedRows(completions, torch.CPU);
        var hidden = torch.randn([11, Hidden], generator: new torch.Generator(8));
        (var before, var after) = network.Along(rows, hidden);
        Assert.Equal([11, (4 + forgetting) * stages], after.shape);

        for (int row = 0, place = 0; row < completions.Length; row++)
        {
            var state = torch.zeros([1, (4 + forgetting) * stages]);
            foreach (int token in completions[row].Tokens)
            {
                var one = torch.tensor(new long[] { place });
                Assert.True(torch.allclose(state, before[place].unsqueeze(0), 1e-4, 1e-5));
                var bases = network.UnitBases(hidden.index_select(0, one), rows.Previous.index_select(0, one), state);
                state = network.After(bases, state, torch.tensor(new long[] { token }));
                Assert.True(torch.allclose(state, after[place].unsqueeze(0), 1e-4, 1e-5));
                place++;
            }
        }
    }

    [Fact]
    public void The_number_of_weights_that_a_header_may_ask_for_is_that_of_the_network()
    {
        foreach (int forgetting in new[] { 0, 3 })
        {
            foreach (int stages in new[] { 1, 2 })
            {
                var options = new ValueHeadOptions
                {
                    Width = 7,
                    Sums = 5,
                    Bins = 6,
                    Forgetting = forgetting,
                    Stages = stages,
                };
                using var network = new ValueNetwork(3, 11, options, new RankBins(6, 1));
                Assert.Equal(network.parameters().Sum(parameter => parameter.numel()), ValueNetwork.Weights(3, 11, options));
            }
        }
    }

    private static Completion Row(params int[] tokens) =>
        new()
        {
            Prompt = "a prompt",
            PromptTokens = [0],
            Tokens = [.. tokens],
            Text = "",
            FinishReason = FinishReason.Length,
        };
}
