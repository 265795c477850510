using CsCheck;
using VariationalBoN.Numerics;

namespace VariationalBoN.Tests.Numerics;

/// <summary>Identities that hold for all inputs, on random ones.</summary>
[Trait("Tier", "fast")]
public sealed class BestOfNPropertyTests
{
    private const int Cases = 100_000;

    private static readonly Gen<double> s_n = Gen.OneOf(
        Gen.Double[1, 5],
        Gen.Int[1, 1000].Select(n => (double)n),
        Gen.Double[0, Math.Log(1e6)].Select(x => Math.Exp(x))
    );

    /// <summary>F, and p as a share of what F leaves, over many orders of magnitude.</summary>
    private static readonly Gen<(double LogF, double LogP)> s_atom = Gen.Select(Gen.Double[1e-9, 0.999999], Gen.Double[-700, 0])
        .Select((f, share) => (Math.Log(f), LogMath.Log1p(-f) + share));

    /// <summary>How far two ways of computing one log-density may differ: the conditioning of the inputs (N log G and N d).</summary>
    private static double Tolerance(double n, double logF, double logP) => 1e-14 * (10 + Math.Abs(logP) + (n * (1 + Math.Abs(logF))));

    [Fact]
    public void Bounds_hold() =>
        Gen.Select(s_atom, s_n)
            .Sample(
                (atom, n) =>
                {
                    (double logF, double logP) = atom;
                    double density = BestOfNMath.LogDensity(logP, logF, n),
                        slack = Tolerance(n, logF, logP);
                    return density >= BestOfNMath.LogDensityLowerBound(logP, logF, n) - slack
                        && density <= BestOfNMath.LogDensityUpperBound(logP, logF, n) + slack
                        && density <= 0
                        && BestOfNMath.LogRatio(logP, logF, n) <= Math.Min(Math.Log(n), -logP) + slack
                        && BestOfNMath.LogRatio(logP, logF, n) >= ((n - 1) * logP) - slack;
                },
                iter: Cases
            );

    [Fact]
    public void N_of_1_is_the_reference_bit_for_bit() =>
        s_atom.Sample(
            atom => BestOfNMath.LogDensity(atom.LogP, atom.LogF, 1) == atom.LogP && BestOfNMath.LogRatio(atom.LogP, atom.LogF, 1) == 0,
            iter: Cases
        );

    [Fact]
    public void Best_of_a_of_best_of_b_is_best_of_ab() =>
        Gen.Select(s_atom, Gen.Double[1, 30], Gen.Double[1, 30])
            .Sample(
                (atom, a, b) =>
                {
                    (double logF, double logP) = atom;
                    double inner = BestOfNMath.LogDensity(logP, logF, b);
                    if (inner < -1e4)
                        return true;
                    double composed = BestOfNMath.LogDensity(inner, Math.Min(b * logF, LogMath.Log1mExp(-inner)), a);
                    return Math.Abs(composed - BestOfNMath.LogDensity(logP, logF, a * b)) <= 1e-11 * (1 + Math.Abs(composed));
                },
                iter: Cases
            );

    [Fact]
    public void Density_of_two_neighbours_adds_up() =>
        Gen.Select(Gen.Double[0.01, 0.5], Gen.Double[1e-6, 0.2], Gen.Double[1e-6, 0.2], Gen.Double[1, 200])
            .Sample(
                (f, p1, p2, n) =>
                {
                    double both = BestOfNMath.LogDensity(Math.Log(p1 + p2), Math.Log(f), n);
                    double sum = LogMath.LogAddExp(
                        BestOfNMath.LogDensity(Math.Log(p1), Math.Log(f), n),
                        BestOfNMath.LogDensity(Math.Log(p2), Math.Log(f + p1), n)
                    );
                    return Math.Abs(both - sum) <= 1e-11 * (1 + Math.Abs(both));
                },
                iter: Cases
            );

    [Fact]
    public void Ratio_rises_with_F_and_with_p() =>
        Gen.Select(Gen.Double[0.001, 0.6], Gen.Double[1e-12, 0.3], Gen.Double[1e-6, 0.1], Gen.Double[1, 1e4])
            .Sample(
                (f, p, more, n) =>
                {
                    double ratio = BestOfNMath.LogRatio(Math.Log(p), Math.Log(f), n),
                        slack = Tolerance(n, Math.Log(f), Math.Log(p));
                    return BestOfNMath.LogRatio(Math.Log(p), Math.Log(f + more), n) >= ratio - slack
                        && BestOfNMath.LogRatio(Math.Log(p + more), Math.Log(f), n) >= ratio - slack;
                },
                iter: Cases
            );

    [Fact]
    public void A_level_of_one_completion_is_the_form_without_ties() =>
        Gen.Select(Gen.Double[0.01, 0.6], Gen.Double[1e-3, 0.3], Gen.Double[1, 1000])
            .Sample(
                (f, p, n) =>
                    Math.Abs(
                        BestOfNMath.LogRatioWithTies(Math.Log(f), Math.Log(f + p), n) - BestOfNMath.LogRatio(Math.Log(p), Math.Log(f), n)
                    )
                    <= 1e-12 * (1 + n),
                iter: Cases
            );

    [Fact]
    public void Probabilities_of_a_world_sum_to_1() =>
        Gen.Select(Gen.Double[0.001, 1].Array[1, 30], s_n)
            .Sample(
                (weights, n) =>
                {
                    double total = weights.Sum(),
                        below = 0,
                        sum = 0;
                    foreach (double weight in weights)
                    {
                        double p = weight / total,
                            logF = Math.Min(Math.Log(below), LogMath.Log1p(-p));
                        sum += Math.Exp(BestOfNMath.LogDensity(Math.Log(p), logF, n));
                        below = Math.Min(1, below + p);
                    }

                    return Math.Abs(sum - 1) <= 1e-14 * n * weights.Length + 1e-12;
                },
                iter: Cases
            );

    [Fact]
    public void Integer_N_is_the_binomial_sum() =>
        Gen.Select(Gen.Double[0.01, 0.7], Gen.Double[1e-4, 0.29], Gen.Int[1, 40])
            .Sample(
                (f, p, n) =>
                {
                    double sum = 0,
                        binomial = 1;
                    for (int i = 1; i <= n; i++)
                    {
                        binomial = binomial * (n - i + 1) / i;
                        sum += binomial * Math.Pow(f, n - i) * Math.Pow(p, i);
                    }

                    return Math.Abs(BestOfNMath.LogDensity(Math.Log(p), Math.Log(f), n) - Math.Log(sum))
                        <= 1e-11 * (1 + Math.Abs(Math.Log(sum)));
                },
                iter: Cases
            );
}
