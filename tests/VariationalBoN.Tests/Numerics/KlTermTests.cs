using CsCheck;
using VariationalBoN.Numerics;

namespace VariationalBoN.Tests.Numerics;

[Trait("Tier", "fast")]
public sealed class KlTermTests
{
    /// <summary>For any two distributions on few outcomes the means under the first of k1 and k3 are the divergence;
    /// that of k2 is what it says.</summary>
    [Fact]
    public void Means_are_the_divergence() =>
        Gen.Select(Gen.Double[0.01, 1].Array[4], Gen.Double[0.01, 1].Array[4])
            .Sample(
                (a, b) =>
                {
                    double[] p = [.. a.Select(x => x / a.Sum())],
                        q = [.. b.Select(x => x / b.Sum())];
                    double Mean(Func<double, double> term) => p.Zip(q, (x, y) => x * term(Math.Log(x / y))).Sum();
                    double divergence = p.Zip(q, (x, y) => x * Math.Log(x / y)).Sum();
                    return Math.Abs(Mean(KlTerm.K1) - divergence) < 1e-12
                        && Math.Abs(Mean(KlTerm.K3) - divergence) < 1e-12
                        && Math.Abs(Mean(KlTerm.K2) - Mean(d => 0.5 * d * d)) < 1e-12;
                },
                iter: 100_000
            );

    [Fact]
    public void K3_is_never_negative_and_keeps_its_digits_near_zero() =>
        Gen.Double[-18, -2]
            .Select(Gen.Bool)
            .Sample(
                (exponent, negative) =>
                {
                    double d = (negative ? -1 : 1) * Math.Pow(10, exponent);
                    double series = d * d * (0.5 - (d / 6) + (d * d / 24) - (d * d * d / 120) + (d * d * d * d / 720));
                    return KlTerm.K3(d) >= 0 && Math.Abs(KlTerm.K3(d) - series) <= 1e-7 * series;
                },
                iter: 20_000
            );

    [Fact]
    public void Ends_are_defined()
    {
        Assert.True(double.IsFinite(KlTerm.K3(-1e6)) && KlTerm.K3(-1e6) > 1e300);
        Assert.Equal(double.PositiveInfinity, KlTerm.K3(double.PositiveInfinity));
        Assert.Equal(double.PositiveInfinity, KlTerm.K1(double.PositiveInfinity));
        Assert.Contains("NaN", Assert.Throws<ArgumentOutOfRangeException>(() => KlTerm.K1(double.NaN)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => KlTerm.K2(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => KlTerm.K3(double.NaN));
    }
}
