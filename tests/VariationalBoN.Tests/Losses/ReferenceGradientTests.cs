using VariationalBoN.Losses;
using VariationalBoN.References;
using VariationalBoN.Testing.Worlds;
using static VariationalBoN.Tests.Losses.EnumeratedGroups;

namespace VariationalBoN.Tests.Losses;

/// <summary>BoN-SFT on tables of M = 3 reference samples: over all tables its mean gradient is that of KL(pi_bon || pi_theta),
/// ties included, for each n up to M.</summary>
[Trait("Tier", "torch")]
public sealed class ReferenceGradientTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Weights_of_all_samples_are_unbiased(int n) =>
        AssertClose(
            Exact(n),
            Mean((logProb, _, scored) => WeightedLikelihood.Loss(logProb, Table(scored).BestOfNWeights(n), scored.Groups))
        );

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Winners_alone_are_unbiased(int n) =>
        AssertClose(
            Exact(n),
            Mean(
                (logProb, _, scored) =>
                {
                    ScoredCompletion best = BestWorstPair.Draw(Table(scored), n, seed: 3).Best;
                    return WeightedLikelihood.Loss(logProb.narrow(0, scored.ToList().IndexOf(best), 1), [1], [0]);
                }
            )
        );

    [Fact]
    public void Beyond_M_the_weights_aim_at_the_best_of_M() =>
        AssertClose(
            Exact(3),
            Mean((logProb, _, scored) => WeightedLikelihood.Loss(logProb, Table(scored).BestOfNWeights(8), scored.Groups))
        );

    private static double[] Exact(int n) => [.. World.ForwardGradient(Theta, WorldOf(n).LogBestOfN).Select(g => -g)];

    private static double[] Mean(LossOf loss) => new EnumeratedGroups(3).MeanGradient(loss, ReferenceLogits);

    private static ReferencePrompt Table(ScoredBatch scored) => new(EnumerableWorld.Prompt, scored);
}
