using System.Numerics;
using Microsoft.Extensions.Logging;
using VariationalBoN.BestOfN;
using VariationalBoN.Internal;
using VariationalBoN.Numerics;
using VariationalBoN.Objectives;
using static TorchSharp.torch;

namespace VariationalBoN.Torch;

/// <summary>The Best-of-N distribution for batches on a device: B queries against the sorted reference rewards of P prompts.</summary>
/// <remarks>
/// It gives the numbers of <see cref="EmpiricalBoNDistribution"/> in a few dozen tensor operations of size B: no loop over samples, no
/// value read back by the host, no tensor off the device, and no [B, M] tensor, so memory is that of the rewards and of the queries. Tie
/// tolerances are those of the rewards given. In float64 they agree within 1e-12 times the size of the numbers involved; float32 keeps
/// ranks exact (rewards are compared as stored) and forms logarithms from counts in float64, so its error is that of rounding the result:
/// 6e-8 of its size. Queries are prompt index int64 [B], reward [B] and log pi_ref [B] of the table's dtype, all on its device. An index
/// outside 0 to P - 1 is an error of the device. Holds tensors between calls: dispose of it. Reading is thread-safe.
/// </remarks>
public sealed partial class TorchBoNDistribution : IDisposable
{
    // [P * W]: each prompt's rewards ascending, padded with +infinity to W, a power of 2 above the largest M
    private readonly Tensor _sorted;
    private readonly Tensor? _levels; // [P * W]: the same with each reward replaced by the lowest of its level; only with a tie tolerance
    private readonly Tensor _atoms; // [P] float64, M + 1 of each prompt, or M where the sample itself is left out
    private readonly Tensor? _harmonic; // [largest M + 1] float64: H_k - gamma - log(k + 1/2); only for the harmonic estimator

    // [2, 1] float64: v - r below the first counts as below r, below the second as at or below; only with a tie tolerance
    private readonly Tensor? _limits;
    private readonly int _width;
    private readonly bool _leaveOneOut;

    /// <summary>Copies the reference rewards to a device.</summary>
    /// <param name="rewards">The rewards of P prompts, at least one; M may differ.</param>
    /// <param name="n">N; finite, at least 1.</param>
    /// <param name="device">Where everything is computed; the CPU when null.</param>
    /// <param name="dtype">float64 or float32: how rewards are stored and compared, and what is returned.</param>
    /// <param name="estimator">How F and the log-ratio are estimated.</param>
    /// <param name="leaveOneOut">Whether completions are themselves among the rewards and ranked among the other M - 1:
    /// <see cref="EmpiricalBoNDistribution.LeaveOneOut"/>.
    /// A reward that is not then gives NaN, since refusing it would need the host.</param>
    /// <param name="logger">Told when there are too few rewards for N; null for none.</param>
    /// <exception cref="ArgumentException">There is no prompt, the dtype is
    /// neither float64 nor float32, or tie tolerances differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> or <paramref name="estimator"/> is out of range.</exception>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    public TorchBoNDistribution(
        IReadOnlyList<EmpiricalRewardCdf> rewards,
        double n,
        Device? device = null,
        ScalarType dtype = ScalarType.Float64,
        RatioEstimator estimator = RatioEstimator.SelfInclusive,
        bool leaveOneOut = false,
        ILogger? logger = null
    )
    {
        ArgumentNullException.ThrowIfNull(rewards);
        BestOfNMath.CheckN(n);
        if (rewards.Count == 0)
            throw new ArgumentException("There is no prompt; give the rewards of at least one.", nameof(rewards));
        if (dtype is not (ScalarType.Float64 or ScalarType.Float32))
            throw new ArgumentException($"The dtype is {dtype}; it must be Float64 or Float32.", nameof(dtype));
        EmpiricalBoNDistribution.CheckEstimator(estimator);
        double tolerance = rewards[0].TieTolerance;
        if (rewards.FirstOrDefault(cdf => cdf.TieTolerance != tolerance) is { } other)
            throw new ArgumentException(
                FormattableString.Invariant(
                    $"The tie tolerance is {tolerance} for the first prompt and {other.TieTolerance} for another; give all the same."
                ),
                nameof(rewards)
            );
        TorchRuntime.Require();
        if (logger is not null && SampleWarning.Of([.. rewards.Select(cdf => cdf.Count)], n) is string warning)
            logger.TooFewSamples(warning);
        (N, Estimator, Dtype, Device, _leaveOneOut) = (n, estimator, dtype, device ?? CPU, leaveOneOut);
        _width = (int)BitOperations.RoundUpToPowerOf2((uint)rewards.Max(cdf => cdf.Count) + 1);
        if (tolerance > 0 && dtype == ScalarType.Float32) // levels are those of the rewards as stored
            rewards =
            [
                .. rewards.Select(cdf => new EmpiricalRewardCdf(
                    cdf.SortedRewards.ToArray().Select(reward => (double)(float)reward),
                    tolerance
                )),
            ];
        using var scope = NewDisposeScope();
        _sorted = tensor(Padded(static cdf => cdf.SortedRewards), dtype, Device).DetachFromDisposeScope();
        if (tolerance > 0)
        {
            _levels = tensor(Padded(static cdf => cdf.SortedLevels), dtype, Device).DetachFromDisposeScope();
            _limits = tensor([-tolerance, Math.BitIncrement(tolerance)], float64, Device).reshape(2, 1).DetachFromDisposeScope();
        }

        _atoms = tensor([.. rewards.Select(cdf => cdf.Count + (leaveOneOut ? 0.0 : 1))], float64, Device).DetachFromDisposeScope();
        _harmonic =
            estimator == RatioEstimator.Harmonic
                ? tensor([.. Enumerable.Range(0, rewards.Max(cdf => cdf.Count) + 1).Select(HarmonicNumbers.Remainder)], float64, Device)
                    .DetachFromDisposeScope()
                : null;

        double[] Padded(Func<EmpiricalRewardCdf, ReadOnlySpan<double>> values)
        {
            double[] padded = new double[checked(rewards.Count * _width)];
            Array.Fill(padded, double.PositiveInfinity);
            for (int p = 0; p < rewards.Count; p++)
                values(rewards[p]).CopyTo(padded.AsSpan(p * _width));
            return padded;
        }
    }

    /// <summary>N, the number of draws of which the best is kept.</summary>
    public double N { get; }

    /// <summary>How the log-ratio is estimated.</summary>
    public RatioEstimator Estimator { get; }

    /// <summary>The dtype of rewards, log-probabilities and results.</summary>
    public ScalarType Dtype { get; }

    /// <summary>The device that everything is computed on.</summary>
    public Device Device { get; }

    /// <summary>P, the number of prompts.</summary>
    public long Prompts => _atoms.size(0);

    /// <summary>log F of each reward as <see cref="Estimator"/> estimates it;
    /// <see cref="RatioEstimator.SingleAtom"/> has one value for all sides.</summary>
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
        return Result(logReference.detach().to(float64).Plus(Ratio(promptIndex, reward, logReference))); // [B]
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
        return Result(N == 1 ? logP : LogCdf(Counts(promptIndex, reward), side).Times(N - 1).Plus(Math.Log(N)).Plus(logP)); // [B]
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
        if (
            reward.dim() != 1
            || logReference.dim() != 1
            || reward.size(0) != logReference.size(0)
            || reward.dtype != logReference.dtype
            || reward.device_type != logReference.device_type
            || reward.device_index != logReference.device_index
        )
            throw new ArgumentException(
                $"reward is {Describe(reward)} and log pi_ref {Describe(logReference)}; both must be [B] of one dtype on one device.",
                nameof(logReference)
            );
        using var scope = NewDisposeScope();
        return reward.detach().Over(beta).Plus(logReference.detach()).MoveToOuterDisposeScope(); // [B]
    }

    /// <summary>Disposes of the rewards on the device.</summary>
    public void Dispose()
    {
        _sorted.Dispose();
        _levels?.Dispose();
        _limits?.Dispose();
        _atoms.Dispose();
        _harmonic?.Dispose();
    }

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
            if (
                value.dim() != 1
                || value.size(0) != promptIndex.size(0)
                || value.dtype != dtype
                || value.device_type != _sorted.device_type
                || value.device_index != _sorted.device_index
            )
                throw new ArgumentException(
                    $"{name} is {Describe(value)}; it must be [B] {dtype} on {_sorted.device}, with the B of promptIndex.",
                    name
                );
        }
    }

    private static string Describe(Tensor value) => $"{Shown.Shape(value.shape)} {value.dtype} on {value.device}";
}
