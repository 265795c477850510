using CsCheck;
using VariationalBoN.Numerics;

namespace VariationalBoN.Tests.Numerics;

/// <summary>What holds for every division of the reference into reward levels.</summary>
[Trait("Tier", "fast")]
public sealed class TiePropertyTests
{
    private const int Cases = 100_000;
    private static readonly Gen<double> s_n = Gen.OneOf(Gen.Double[1, 5], Gen.Int[1, 1000].Select(n => (double)n));
    private static readonly Gen<double[]> s_masses = Gen.Double[0.01, 1]
        .Array[2, 12]
        .Select(weights => (double[])[.. weights.Select(weight => weight / weights.Sum())]);

    [Fact]
    public void Levels_sum_to_1_and_a_higher_level_has_a_higher_ratio() =>
        Gen.Select(s_masses, s_n)
            .Sample(
                (masses, n) =>
                {
                    double below = 0,
                        sum = 0,
                        last = double.NegativeInfinity;
                    foreach (double mass in masses)
                    {
                        double ratio = Ratio(below, below + mass, n);
                        if (ratio < last - (1e-12 * n) || ratio > Math.Log(n) + (1e-12 * n))
                            return false;
                        (sum, below, last) = (sum + (mass * Math.Exp(ratio)), below + mass, ratio);
                    }

                    return Math.Abs(sum - 1) <= 1e-13 * n;
                },
                iter: Cases
            );

    [Fact]
    public void Merging_two_neighbours_adds_their_best_of_N_masses() =>
        Gen.Select(s_masses, s_n, Gen.Double[0, 1])
            .Sample(
                (masses, n, where) =>
                {
                    int level = (int)(where * (masses.Length - 2));
                    double below = masses[..level].Sum(),
                        middle = below + masses[level],
                        top = middle + masses[level + 1];
                    double both = Math.Log(top - below) + Ratio(below, top, n);
                    double sum = LogMath.LogAddExp(
                        Math.Log(masses[level]) + Ratio(below, middle, n),
                        Math.Log(masses[level + 1]) + Ratio(middle, top, n)
                    );
                    return Math.Abs(both - sum) <= 1e-12 * n;
                },
                iter: Cases
            );

    /// <summary>The mean value theorem puts the ratio between N F_lt^(N - 1) and N F_le^(N - 1),
    /// and Hermite-Hadamard on its side of the midpoint.</summary>
    [Fact]
    public void The_ratio_lies_between_those_of_its_sides() =>
        Gen.Select(Gen.Double[1e-6, 0.99], Gen.Double[1e-9, 1], s_n)
            .Sample(
                (below, share, n) =>
                {
                    double top = below + (share * (1 - below)),
                        ratio = Ratio(below, top, n),
                        slack = 1e-12 * n;
                    double atMiddle = Math.Log(n) + ((n - 1) * Math.Log((below + top) / 2));
                    return ratio >= Math.Log(n) + ((n - 1) * Math.Log(below)) - slack
                        && ratio <= Math.Log(n) + ((n - 1) * Math.Log(top)) + slack
                        && (n >= 2 ? ratio >= atMiddle - slack : ratio <= atMiddle + slack);
                },
                iter: Cases
            );

    private static double Ratio(double below, double atOrBelow, double n) =>
        BestOfNMath.LogRatioWithTies(Math.Log(below), Math.Min(0, Math.Log(atOrBelow)), n);
}
