using VariationalBoN.BestOfN;
using VariationalBoN.Internal;
using VariationalBoN.Numerics;
using VariationalBoN.Objectives;
using static TorchSharp.torch;

namespace VariationalBoN.Torch;

public sealed partial class TorchBoNDistribution
{
    private Tensor LogCdf((Tensor Below, Tensor AtOrBelow, Tensor Atoms) counts, CdfSide side) =>
        (Estimator, side) switch
        {
            (RatioEstimator.SingleAtom, _) => LogFraction(counts.Below.Plus(1), counts.Atoms),
            (RatioEstimator.Harmonic, CdfSide.Strict) => Harmonic(counts.Below, counts.Atoms.Plus(-1)),
            (RatioEstimator.Harmonic, CdfSide.AtOrBelow) => Harmonic(counts.AtOrBelow, counts.Atoms.Plus(-1)),
            (RatioEstimator.Harmonic, _) => Harmonic(counts.AtOrBelow, counts.Atoms.Plus(-1))
                .Plus(Harmonic(counts.Below, counts.AtOrBelow).exp().Plus(1).Over(2).log()),
            (_, CdfSide.Strict) => LogFraction(counts.Below, counts.Atoms),
            (_, CdfSide.AtOrBelow) => LogFraction(counts.AtOrBelow.Plus(1), counts.Atoms),
            _ => LogFraction(counts.Below.Plus(counts.AtOrBelow).Plus(1).Over(2), counts.Atoms),
        };

    /// <summary>log(part / total) as log1p(-(total - part) / total): from counts, so exact where F is near 1.</summary>
    private static Tensor LogFraction(Tensor part, Tensor total) =>
        where(part.Times(2).lt(total), part.div(total).log(), part.sub(total).div(total).log1p());

    /// <summary>H_k - H_m: <see cref="HarmonicNumbers.Difference"/>.</summary>
    private Tensor Harmonic(Tensor k, Tensor m) =>
        LogFraction(k.Plus(0.5), m.Plus(0.5)).Plus(_harmonic!.take(k.nan_to_num().to(int64))) - _harmonic!.take(m.nan_to_num().to(int64));

    private Tensor Ratio(Tensor promptIndex, Tensor reward, Tensor logReference)
    {
        var counts = Counts(promptIndex, reward);
        return N == 1
            ? counts.Atoms.zeros_like()
            : Estimator switch
            {
                RatioEstimator.SingleAtom => RatioOfAtom(LogCdf(counts, CdfSide.Strict), logReference.detach().to(float64)),
                RatioEstimator.Harmonic => RatioOfGap(
                    LogCdf(counts, CdfSide.Strict),
                    LogCdf(counts, CdfSide.AtOrBelow),
                    Harmonic(counts.AtOrBelow, counts.Below)
                ),
                _ => RatioOfLevel(counts),
            };
    }

    /// <summary>log[(F_le^N - F_lt^N) / (F_le - F_lt)]: the form of <see cref="BestOfNMath.LogRatioWithTies(double, double, double)"/>
    /// with d = log(F_le / F_lt) from counts.</summary>
    private Tensor RatioOfLevel((Tensor Below, Tensor AtOrBelow, Tensor Atoms) counts)
    {
        Tensor atOrBelow = counts.AtOrBelow.Plus(1);
        Tensor top = LogFraction(atOrBelow, counts.Atoms);
        Tensor share = (atOrBelow - counts.Below) / atOrBelow; // q / F_le, 1 when nothing lies below
        Tensor gap = share.neg().log1p(); // log(F_lt / F_le) = -d, -infinity when nothing lies below

        // (F_le^N - F_lt^N) / (F_le - F_lt) = F_le^(N-1) (1 - e^(-N d)) / (1 - e^(-d)), and 1 - e^(-d) is the share itself.
        return top.Times(N - 1).Plus(gap.Times(N).expm1().neg().log()) - share.log();
    }

    /// <summary>
    /// The log-ratio from both sides of log F and the gap d between them, which may be 0: the limit log N + (N - 1) log F.
    /// </summary>
    private Tensor RatioOfGap(Tensor below, Tensor atOrBelow, Tensor gap)
    {
        Tensor scaled = gap.Times(N);
        Tensor small = below.Times(N - 1).Plus((SeriesG(scaled) - SeriesG(gap)).Plus(Math.Log(N)));
        Tensor large = atOrBelow.Times(N - 1).Plus(scaled.neg().expm1().neg().log()) - gap.neg().expm1().neg().log();
        return where(scaled.IsBelow(0.01), small, large);
    }

    /// <summary>log[((F + p)^N - F^N) / p] with F lowered to 1 - p where the estimate leaves no room:
    /// <see cref="BestOfNMath.LogRatio(double, double, double)"/>.</summary>
    private Tensor RatioOfAtom(Tensor logCdf, Tensor logP)
    {
        Tensor rest = where(logP.IsBelow(-0.6931471805599453), logP.exp().neg().log1p(), logP.expm1().neg().log()); // log(1 - p)
        Tensor logF = minimum(logCdf, rest);
        Tensor t = logP - logF; // +infinity for F = 0

        // p <= F: log N + (N - 1) log F + g(N d) - g(d), d = log1p(e^t), with g(x) = log(expm1(x) / x) and e^d - 1 = e^t.
        Tensor small = t.AtMost(0),
            d = small.exp().log1p(),
            scaled = d.Times(N);
        Tensor series = (SeriesG(scaled) - SeriesG(d)).Plus(Math.Log(N));
        Tensor large = scaled.Plus(scaled.neg().expm1().neg().log()) - small;
        Tensor below = logF.Times(N - 1).Plus(where(scaled.IsBelow(0.01), series, large));

        // p > F: (N - 1) log p + N s + log(1 - e^(-N (t + s))), s = log1p(e^-t).
        Tensor big = t.AtLeast(0),
            s = big.neg().exp().log1p();
        Tensor above = logP.Times(N - 1).Plus(s.Times(N)).Plus(big.Plus(s).Times(-N).expm1().neg().log());
        return where(t.IsBelow(0), below, above);
    }

    private static Tensor SeriesG(Tensor x) => x.Over(2).Plus((x * x).Over(24)) - (x * x * (x * x)).Over(2880);
}
