using System.Numerics;
using VariationalBoN.BestOfN;
using VariationalBoN.Numerics;
using VariationalBoN.Objectives;
using static TorchSharp.torch;

namespace VariationalBoN.Torch;

/// <summary>The Best-of-N distribution for batches on a device: B queries against the sorted reference rewards of P prompts.</summary>
/// <remarks>
/// The same numbers as <see cref="EmpiricalBoNDistribution"/>, in a few dozen tensor operations of size B: no loop over samples, no value
/// read back by the host, no tensor off the device, and no [B, M] tensor, so memory is that of the rewards and of the queries. In float64 they agree within 1e-12 times the size of the numbers involved; float32 keeps ranks
/// exact (rewards are compared as stored) and forms logarithms from counts in float64, so its error is that of rounding the result:
/// 6e-8 of its size. Queries are prompt index int64 [B], reward [B] and log pi_ref [B] of the table's dtype, all on its device. An index
/// outside 0 to P - 1 is an error of the device. Holds tensors between calls: dispose of it. Reading is thread-safe.
/// </remarks>
public sealed class TorchBoNDistribution : IDisposable
{
    private readonly Tensor _sorted; // [P * W]: each prompt's rewards ascending, padded with +infinity to W, a power of 2 above the largest M
    private readonly Tensor _atoms;  // [P] float64, M + 1 of each prompt
    private readonly int _width;

    /// <summary>Copies the reference rewards to a device.</summary>
    /// <param name="rewards">The rewards of P prompts, at least one; M may differ.</param>
    /// <param name="n">N; finite, at least 1.</param>
    /// <param name="device">Where everything is computed; the CPU when null.</param>
    /// <param name="dtype">float64 or float32: how rewards are stored and compared, and what is returned.</param>
    /// <param name="estimator">How the log-ratio is estimated.</param>
    /// <exception cref="ArgumentException">There is no prompt, or the dtype is neither.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> or <paramref name="estimator"/> is out of range.</exception>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    public TorchBoNDistribution(IReadOnlyList<EmpiricalRewardCdf> rewards, double n, Device? device = null, ScalarType dtype = ScalarType.Float64, RatioEstimator estimator = RatioEstimator.SelfInclusive)
    {
        ArgumentNullException.ThrowIfNull(rewards);
        BestOfNMath.CheckN(n);
        if (rewards.Count == 0)
            throw new ArgumentException("There is no prompt; give the rewards of at least one.", nameof(rewards));
        if (dtype is not (ScalarType.Float64 or ScalarType.Float32))
            throw new ArgumentException($"The dtype is {dtype}; it must be Float64 or Float32.", nameof(dtype));
        if (!Enum.IsDefined(estimator))
            throw new ArgumentOutOfRangeException(nameof(estimator), estimator, "The estimator must be SelfInclusive or SingleAtom.");
        TorchRuntime.Require();
        (N, Estimator, Dtype, Device) = (n, estimator, dtype, device ?? CPU);
        _width = (int)BitOperations.RoundUpToPowerOf2((uint)rewards.Max(cdf => cdf.Count) + 1);
        double[] padded = new double[checked(rewards.Count * _width)];
        Array.Fill(padded, double.PositiveInfinity);
        for (int p = 0; p < rewards.Count; p++)
            rewards[p].SortedRewards.CopyTo(padded.AsSpan(p * _width));
        using var scope = NewDisposeScope();
        _sorted = tensor(padded, dtype, Device).DetachFromDisposeScope();
        _atoms = tensor([.. rewards.Select(cdf => cdf.Count + 1.0)], float64, Device).DetachFromDisposeScope();
    }

    /// <summary>N.</summary>
    public double N { get; }

    /// <summary>How the log-ratio is estimated.</summary>
    public RatioEstimator Estimator { get; }

    /// <summary>The dtype of rewards, log-probabilities and results.</summary>
    public ScalarType Dtype { get; }

    /// <summary>Where everything is computed.</summary>
    public Device Device { get; }

    /// <summary>P, the number of prompts.</summary>
    public long Prompts => _atoms.size(0);

    /// <summary>log F of each reward, estimated with the completion counted in: log(k_lt / (M + 1)) and log((k_le + 1) / (M + 1)).</summary>
    /// <param name="promptIndex">int64 [B].</param>
    /// <param name="reward">[B].</param>
    /// <param name="side">Which side; the midpoint is the logarithm of the mean of both.</param>
    /// <returns>A fresh tensor [B], the caller's; -infinity for a strict F of 0.</returns>
    /// <exception cref="ArgumentException">A tensor has the wrong shape, dtype or device.</exception>
    public Tensor LogCdf(Tensor promptIndex, Tensor reward, CdfSide side)
    {
        Check(promptIndex, reward, reward);
        if (!Enum.IsDefined(side))
            throw new ArgumentOutOfRangeException(nameof(side), side, "The side must be Strict, Midpoint or AtOrBelow.");
        using var scope = NewDisposeScope();
        return Result(LogCdf(Counts(promptIndex, reward), side)); // [B]
    }

    /// <summary>log pi_bon(y | x) - log pi_ref(y | x) of each query, in nats.</summary>
    /// <param name="promptIndex">int64 [B].</param>
    /// <param name="reward">[B].</param>
    /// <param name="logReference">log pi_ref [B]; only the single-atom estimator uses it.</param>
    /// <returns>A fresh tensor [B], the caller's, without gradient.</returns>
    /// <exception cref="ArgumentException">A tensor has the wrong shape, dtype or device.</exception>
    public Tensor LogRatio(Tensor promptIndex, Tensor reward, Tensor logReference)
    {
        Check(promptIndex, reward, logReference);
        using var scope = NewDisposeScope();
        return Result(Ratio(promptIndex, reward, logReference)); // [B]
    }

    /// <summary>log pi_bon(y | x) = log pi_ref(y | x) + log-ratio of each query, in nats: the exact target.</summary>
    /// <param name="promptIndex">int64 [B].</param>
    /// <param name="reward">[B].</param>
    /// <param name="logReference">log pi_ref [B].</param>
    /// <returns>A fresh tensor [B], the caller's, without gradient.</returns>
    /// <exception cref="ArgumentException">A tensor has the wrong shape, dtype or device.</exception>
    public Tensor LogDensity(Tensor promptIndex, Tensor reward, Tensor logReference)
    {
        Check(promptIndex, reward, logReference);
        using var scope = NewDisposeScope();
        return Result(logReference.detach().to(float64) + Ratio(promptIndex, reward, logReference)); // [B]
    }

    /// <summary>log N + (N - 1) log F + log pi_ref of each query: the target of <see cref="LowerBoundObjective"/>.</summary>
    /// <param name="promptIndex">int64 [B].</param>
    /// <param name="reward">[B].</param>
    /// <param name="logReference">log pi_ref [B].</param>
    /// <param name="side">Which F; a strict F of 0 gives -infinity here, since refusing it would need the host.</param>
    /// <returns>A fresh tensor [B], the caller's, without gradient.</returns>
    /// <exception cref="ArgumentException">A tensor has the wrong shape, dtype or device.</exception>
    public Tensor LogLowerBound(Tensor promptIndex, Tensor reward, Tensor logReference, CdfSide side = CdfSide.Midpoint)
    {
        Check(promptIndex, reward, logReference);
        if (!Enum.IsDefined(side))
            throw new ArgumentOutOfRangeException(nameof(side), side, "The side must be Strict, Midpoint or AtOrBelow.");
        using var scope = NewDisposeScope();
        Tensor logP = logReference.detach().to(float64);
        return Result(N == 1 ? logP : LogCdf(Counts(promptIndex, reward), side).Times(N - 1).Plus(Math.Log(N)) + logP); // [B]
    }

    /// <summary>r / beta + log pi_ref of each query: the target of <see cref="GibbsObjective"/>, for any device.</summary>
    /// <param name="reward">[B], float32 or float64.</param>
    /// <param name="logReference">log pi_ref [B], same dtype and device.</param>
    /// <param name="beta">The KL coefficient; finite, above 0.</param>
    /// <returns>A fresh tensor [B], the caller's, without gradient.</returns>
    /// <exception cref="ArgumentException">The tensors differ in shape, dtype or device.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="beta"/> is out of range or NaN.</exception>
    public static Tensor LogGibbs(Tensor reward, Tensor logReference, double beta)
    {
        ArgumentNullException.ThrowIfNull(reward);
        ArgumentNullException.ThrowIfNull(logReference);
        if (!(beta > 0 && beta < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(beta), beta, "beta must be finite and above 0.");
        if (reward.dim() != 1 || logReference.dim() != 1 || reward.size(0) != logReference.size(0) || reward.dtype != logReference.dtype || reward.device_type != logReference.device_type || reward.device_index != logReference.device_index)
            throw new ArgumentException($"reward is {Describe(reward)} and log pi_ref {Describe(logReference)}; both must be [B] of one dtype on one device.", nameof(logReference));
        using var scope = NewDisposeScope();
        return (reward.detach().Over(beta) + logReference.detach()).MoveToOuterDisposeScope(); // [B]
    }

    /// <summary>Disposes of the rewards on the device.</summary>
    public void Dispose()
    {
        _sorted.Dispose();
        _atoms.Dispose();
    }

    /// <summary>k_lt, k_le and M + 1 of each query, [B] float64.</summary>
    /// <remarks>
    /// A binary search of all queries at once, one bit of the count a round: half the width, a quarter, ... is added where the reward that would then
    /// be the last of those below is below. Both counts are one search, since v is at or below r when it is below the next number after r. Gathering the
    /// [B, M] rows for searchsorted instead costs several times as much.
    /// </remarks>
    private (Tensor Below, Tensor AtOrBelow, Tensor Atoms) Counts(Tensor promptIndex, Tensor reward)
    {
        Tensor atoms = _atoms.index_select(0, promptIndex); // [B]; refuses an index out of range
        Tensor query = reward.detach();
        Tensor bounds = stack([query, nextafter(query, query.FilledWith(double.PositiveInfinity))]); // [2, B]
        Tensor beforeFirst = promptIndex.Times(_width).Plus(-1);                                           // [B]
        Tensor last = beforeFirst.expand(2, -1);                                                   // [2, B]
        for (int step = _width / 2; step > 0; step /= 2)
        {
            Tensor further = last.Plus(step);
            last = where(_sorted.take(further).lt(bounds), further, last);
        }

        Tensor counts = (last - beforeFirst).to(float64); // [2, B]
        return (counts[0], counts[1], atoms);
    }

    private static Tensor LogCdf((Tensor Below, Tensor AtOrBelow, Tensor Atoms) counts, CdfSide side) => side switch
    {
        CdfSide.Strict => LogFraction(counts.Below, counts.Atoms),
        CdfSide.AtOrBelow => LogFraction(counts.AtOrBelow.Plus(1), counts.Atoms),
        _ => LogFraction((counts.Below + counts.AtOrBelow).Plus(1).Over(2), counts.Atoms),
    };

    /// <summary>log(part / total) as log1p(-(total - part) / total): from counts, so exact where F is near 1.</summary>
    private static Tensor LogFraction(Tensor part, Tensor total) =>
        where(part.Times(2).lt(total), part.div(total).log(), part.sub(total).div(total).log1p());

    private Tensor Ratio(Tensor promptIndex, Tensor reward, Tensor logReference)
    {
        var counts = Counts(promptIndex, reward);
        return N == 1 ? counts.Atoms.zeros_like()
            : Estimator == RatioEstimator.SelfInclusive ? RatioOfLevel(counts)
            : RatioOfAtom(LogFraction(counts.Below.Plus(1), counts.Atoms), logReference.detach().to(float64));
    }

    /// <summary>log[(F_le^N - F_lt^N) / (F_le - F_lt)]: the form of <see cref="BestOfNMath.LogRatioWithTies(double, double, double)"/> with d = log(F_le / F_lt) from counts.</summary>
    private Tensor RatioOfLevel((Tensor Below, Tensor AtOrBelow, Tensor Atoms) counts)
    {
        Tensor atOrBelow = counts.AtOrBelow.Plus(1);
        Tensor top = LogFraction(atOrBelow, counts.Atoms);
        Tensor share = (atOrBelow - counts.Below) / atOrBelow; // q / F_le, 1 when nothing lies below
        Tensor gap = share.neg().log1p();                                              // log(F_lt / F_le) = -d, -infinity when nothing lies below

        // (F_le^N - F_lt^N) / (F_le - F_lt) = F_le^(N-1) (1 - e^(-N d)) / (1 - e^(-d)), and 1 - e^(-d) is the share itself.
        return top.Times(N - 1) + gap.Times(N).expm1().neg().log() - share.log();
    }

    /// <summary>log[((F + p)^N - F^N) / p] with F lowered to 1 - p where the estimate leaves no room: <see cref="BestOfNMath.LogRatio(double, double, double)"/>.</summary>
    private Tensor RatioOfAtom(Tensor logCdf, Tensor logP)
    {
        Tensor rest = where(logP.IsBelow(-0.6931471805599453), logP.exp().neg().log1p(), logP.expm1().neg().log()); // log(1 - p)
        Tensor logF = minimum(logCdf, rest);
        Tensor t = logP - logF; // +infinity for F = 0

        // p <= F: log N + (N - 1) log F + g(N d) - g(d), d = log1p(e^t), with g(x) = log(expm1(x) / x) and e^d - 1 = e^t.
        Tensor small = t.AtMost(0), d = small.exp().log1p(), scaled = d.Times(N);
        Tensor series = (SeriesG(scaled) - SeriesG(d)).Plus(Math.Log(N));
        Tensor large = scaled + scaled.neg().expm1().neg().log() - small;
        Tensor below = logF.Times(N - 1) + where(scaled.IsBelow(0.01), series, large);

        // p > F: (N - 1) log p + N s + log(1 - e^(-N (t + s))), s = log1p(e^-t).
        Tensor big = t.AtLeast(0), s = big.neg().exp().log1p();
        Tensor above = logP.Times(N - 1) + s.Times(N) + (big + s).Times(-N).expm1().neg().log();
        return where(t.IsBelow(0), below, above);
    }

    private static Tensor SeriesG(Tensor x) => x.Over(2) + (x * x).Over(24) - (x * x * (x * x)).Over(2880);

    private Tensor Result(Tensor value) => value.to(Dtype).MoveToOuterDisposeScope();

    private void Check(Tensor promptIndex, Tensor reward, Tensor logReference)
    {
        ArgumentNullException.ThrowIfNull(promptIndex);
        Require(promptIndex, nameof(promptIndex), ScalarType.Int64);
        Require(reward, nameof(reward), Dtype);
        Require(logReference, nameof(logReference), Dtype);

        void Require(Tensor value, string name, ScalarType dtype)
        {
            ArgumentNullException.ThrowIfNull(value, name);
            if (value.dim() != 1 || value.size(0) != promptIndex.size(0) || value.dtype != dtype || value.device_type != _sorted.device_type || value.device_index != _sorted.device_index)
                throw new ArgumentException($"{name} is {Describe(value)}; it must be [B] {dtype} on {_sorted.device}, with the B of promptIndex.", name);
        }
    }

    private static string Describe(Tensor value) => $"[{string.Join(", ", value.shape)}] {value.dtype} on {value.device}";
}
