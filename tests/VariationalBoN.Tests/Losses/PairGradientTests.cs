using TorchSharp;
using VariationalBoN.Losses;
using VariationalBoN.References;
using VariationalBoN.Testing.Worlds;
using static VariationalBoN.Tests.Losses.EnumeratedGroups;

namespace VariationalBoN.Tests.Losses;

/// <summary>
/// Pair losses against enumeration: over all tables of M reference samples, of which n are drawn, the mean gradient is that of the exact
/// law of (best, worst) of n draws of pi_ref, ties included.
/// </summary>
[Trait("Tier", "torch")]
public sealed class PairGradientTests
{
    private const int N = 3;

    private delegate torch.Tensor Loss(torch.Tensor best, torch.Tensor worst, double[] bestReference, double[] worstReference);

    [Fact]
    public void The_law_of_the_pair_sums_to_one() => Assert.Equal(1, Pairs.Sum(pair => Law(pair.Best, pair.Worst)), 14);

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Ipo_is_unbiased(int samples) =>
        AssertUnbiased(
            samples,
            (b, w, bestReference, worstReference) => PairLoss.Ipo(b, w, bestReference, worstReference, beta: 0.4),
            h => 2 * (h - 1.25)
        );

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Dpo_is_unbiased(int samples) =>
        AssertUnbiased(
            samples,
            (b, w, bestReference, worstReference) => PairLoss.Dpo(b, w, bestReference, worstReference, beta: 0.4),
            h => -0.4 / (1 + Math.Exp(0.4 * h))
        );

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void BonBon_is_unbiased(int samples) =>
        AssertUnbiased(
            samples,
            (b, w, bestReference, worstReference) => PairLoss.BonBon(b, w, bestReference, worstReference, N, alpha: 0.2),
            h => 0.8 * 2 * (h - 3),
            likelihood: 0.2
        ); // 2 H_2 = 3

    private static IEnumerable<(int Best, int Worst)> Pairs =>
        Enumerable.Range(0, World.Sequences * World.Sequences).Select(i => (i / World.Sequences, i % World.Sequences));

    /// <summary>The loss has the derivative <paramref name="slopeOfGap"/> by h and that
    /// of a likelihood of a given weight by log pi_theta(best).</summary>
    private static void AssertUnbiased(int samples, Loss loss, Func<double, double> slopeOfGap, double likelihood = 0)
    {
        double[] logPolicy = World.LogProbs(Theta),
            exact = new double[Theta.Length];
        double[][] scores =
        [
            .. Enumerable
                .Range(0, World.Sequences)
                .Select(y => // grad log pi_theta(y)
                    World.ForwardGradient(
                        Theta,
                        [.. Enumerable.Range(0, World.Sequences).Select(other => other == y ? 0 : double.NegativeInfinity)]
                    )
                ),
        ];
        foreach ((int best, int worst) in Pairs)
        {
            double h = logPolicy[best] - World.LogReference[best] - (logPolicy[worst] - World.LogReference[worst]),
                probability = Law(best, worst);
            for (int i = 0; i < exact.Length; i++)
                exact[i] += probability * ((slopeOfGap(h) * (scores[best][i] - scores[worst][i])) - (likelihood * scores[best][i]));
        }

        double[] mean = new EnumeratedGroups(samples).MeanGradient(
            (logProb, _, scored) =>
            {
                var pair = BestWorstPair.Draw(new ReferencePrompt(EnumerableWorld.Prompt, scored), N, seed: 5);
                return loss(
                    At(logProb, scored, pair.Best),
                    At(logProb, scored, pair.Worst),
                    [pair.Best.LogReference],
                    [pair.Worst.LogReference]
                );
            },
            ReferenceLogits
        );

        AssertClose(exact, mean);
    }

    /// <summary>P(best = b, worst = w) of N draws of pi_ref: the levels from what lies between them by inclusion and exclusion, the
    /// sequence within a level by its share.</summary>
    private static double Law(int best, int worst)
    {
        double top = World.Rewards[best],
            bottom = World.Rewards[worst];
        if (top < bottom)
            return 0;
        double levels =
            top == bottom
                ? Math.Pow(Mass(r => r == top), N)
                : Math.Pow(Mass(r => r >= bottom && r <= top), N)
                    - Math.Pow(Mass(r => r >= bottom && r < top), N)
                    - Math.Pow(Mass(r => r > bottom && r <= top), N)
                    + Math.Pow(Mass(r => r > bottom && r < top), N);
        return levels * Math.Exp(World.LogReference[best] + World.LogReference[worst]) / (Mass(r => r == top) * Mass(r => r == bottom));
    }

    private static double Mass(Func<double, bool> level) =>
        Enumerable.Range(0, World.Sequences).Where(y => level(World.Rewards[y])).Sum(y => Math.Exp(World.LogReference[y]));

    private static torch.Tensor At(torch.Tensor logProb, ScoredBatch scored, ScoredCompletion completion) =>
        logProb.narrow(0, scored.ToList().IndexOf(completion), 1);
}
