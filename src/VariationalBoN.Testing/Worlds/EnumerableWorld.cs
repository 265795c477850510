using System.Collections.Immutable;
using VariationalBoN.BestOfN;
using VariationalBoN.Numerics;
using VariationalBoN.Policies;

namespace VariationalBoN.Testing.Worlds;

/// <summary>
/// A problem small enough to sum over everything: one prompt, all V^L sequences, their reference probabilities and rewards. For tests of
/// objectives, losses and policies against exact answers.
/// </summary>
/// <remarks>
/// What a stochastic method estimates the world gives exactly, so that a new objective, loss or
/// estimator can be compared with the exact value. Sequences are numbered by the base-V number of their
/// tokens, logits as in <see cref="TabularPolicy"/>. Sums cost O(V^L L) time. Immutable, thread-safe.
/// </remarks>
public sealed class EnumerableWorld
{
    /// <summary>The one prompt of every world.</summary>
    public const string Prompt = "world";

    private readonly TabularShape _shape;
    private readonly LogitSums _sums;
    private readonly double[] _referenceLogits;

    /// <summary>Creates a world.</summary>
    /// <param name="vocabularySize">V, at least 1.</param>
    /// <param name="length">L, at least 1.</param>
    /// <param name="referenceLogits">C * V logits of the reference, in the order [C, V]; see <see cref="TabularPolicy"/>.</param>
    /// <param name="rewards">S = V^L finite rewards, one to each sequence; equal rewards are ties.</param>
    /// <param name="n">N of Best-of-N; finite, at least 1.</param>
    /// <exception cref="ArgumentException">A list has the wrong length or holds a number that is not finite.</exception>
    /// <exception cref="ArgumentOutOfRangeException">V, L or N is out of range.</exception>
    public EnumerableWorld(int vocabularySize, int length, IReadOnlyList<double> referenceLogits, IReadOnlyList<double> rewards, double n)
    {
        ArgumentNullException.ThrowIfNull(referenceLogits);
        ArgumentNullException.ThrowIfNull(rewards);
        _shape = new TabularShape(vocabularySize, length);
        _sums = new LogitSums(_shape);
        _referenceLogits = [.. referenceLogits];
        Rewards = [.. rewards];
        LogitSums.RequireFinite(_referenceLogits, _shape.Contexts * vocabularySize, nameof(referenceLogits));
        LogitSums.RequireFinite(Rewards, _shape.Sequences, nameof(rewards));
        LogReference = [.. LogProbs(_referenceLogits)];
        var levels = new RewardLevels(Rewards, LogReference);
        BestOfN = new KnownCdfBoNDistribution(levels.Cdf, n);
        LogBestOfN = [.. Enumerable.Range(0, Sequences).Select(y => LogReference[y] + BestOfN.LogRatio(Completion(y)))];
    }

    /// <summary>Creates a world of one step with V answers of given probabilities.</summary>
    /// <param name="probabilities">V positive numbers that sum to 1 within 1e-9.</param>
    /// <param name="rewards">V finite rewards.</param>
    /// <param name="n">N of Best-of-N; finite, at least 1.</param>
    /// <returns>The world with L = 1.</returns>
    /// <exception cref="ArgumentException">The probabilities are not positive or do not sum to 1, or the rewards do not fit.</exception>
    public static EnumerableWorld OfAtoms(IReadOnlyList<double> probabilities, IReadOnlyList<double> rewards, double n)
    {
        ArgumentNullException.ThrowIfNull(probabilities);
        double[] atoms = [.. probabilities];
        if (atoms.Length == 0 || !atoms.All(p => p > 0) || !(Math.Abs(atoms.Sum() - 1) <= 1e-9))
            throw new ArgumentException(
                $"The probabilities {string.Join(", ", atoms)} must be positive and sum to 1.",
                nameof(probabilities)
            );
        return new EnumerableWorld(atoms.Length, 1, [.. atoms.Select(p => Math.Log(p))], rewards, n);
    }

    /// <summary>V, the number of tokens.</summary>
    public int VocabularySize => _shape.Vocabulary;

    /// <summary>L, the number of tokens of every sequence.</summary>
    public int Length => _shape.Length;

    /// <summary>S = V^L, the number of sequences.</summary>
    public int Sequences => _shape.Sequences;

    /// <summary>r(y) of each sequence.</summary>
    public ImmutableArray<double> Rewards { get; }

    /// <summary>log pi_ref(y) of each sequence, in nats.</summary>
    public ImmutableArray<double> LogReference { get; }

    /// <summary>log pi_bon(y) of each sequence, in nats; ties broken uniformly.</summary>
    public ImmutableArray<double> LogBestOfN { get; }

    /// <summary>The exact Best-of-N distribution, with the known CDF.</summary>
    public IBoNDistribution BestOfN { get; }

    /// <summary>The reward model of this world.</summary>
    /// <returns>r(y) by the tokens of the completion.</returns>
    public IRewardModel RewardModel() =>
        VariationalBoN.RewardModel.FromFunction(completion => Rewards[Sequence(completion)], "enumerable world");

    /// <summary>The reference as a trainable policy: training starts from it, and
    /// <see cref="TabularPolicy.CloneFrozen"/> of it is the frozen reference.</summary>
    /// <returns>A fresh policy, the caller's to dispose.</returns>
    public TabularPolicy Reference() => new([Prompt], _shape.Vocabulary, _shape.Length, _referenceLogits);

    /// <summary>A sequence as a scored completion.</summary>
    /// <param name="sequence">0 to S - 1.</param>
    /// <returns>The completion with its reward and log pi_ref.</returns>
    public ScoredCompletion Completion(int sequence)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sequence);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(sequence, Sequences);
        return new ScoredCompletion(TabularPolicy.CompletionOf(Prompt, _shape.Tokens(sequence)), Rewards[sequence], LogReference[sequence]);
    }

    /// <summary>log pi(y) of each sequence under given logits, in nats.</summary>
    /// <param name="logits">C * V finite logits, such as <see cref="TabularPolicy.LogitValues"/>.</param>
    /// <returns>S values; a fresh array.</returns>
    /// <exception cref="ArgumentException">The list has the wrong length or holds a number that is not finite.</exception>
    public double[] LogProbs(IReadOnlyList<double> logits) => _sums.LogProbs(logits);

    /// <summary>The normalised target log g(y) of an objective: the log-probabilities of its optimum.</summary>
    /// <param name="objective">Any objective, yours too.</param>
    /// <returns>S values whose exponentials sum to 1; a fresh array.</returns>
    public double[] LogTarget(IVariationalObjective objective)
    {
        ArgumentNullException.ThrowIfNull(objective);
        double[] targets = objective.LogTargets(
            new ScoredBatch(Enumerable.Range(0, Sequences).Select(Completion), new int[Sequences], objective.Requires)
        );
        double normaliser = LogMath.LogSumExp(targets);
        return [.. targets.Select(g => g - normaliser)];
    }

    /// <summary>KL(a || b) = sum_y a(y) (log a(y) - log b(y)), in nats.</summary>
    /// <param name="logA">S log-probabilities; -infinity counts nothing.</param>
    /// <param name="logB">S log-probabilities.</param>
    /// <returns>At least 0 up to rounding; infinite where a has a sequence with positive probability that b does not.</returns>
    /// <exception cref="ArgumentException">The lists differ in length.</exception>
    public static double Kl(IReadOnlyList<double> logA, IReadOnlyList<double> logB)
    {
        ArgumentNullException.ThrowIfNull(logA);
        ArgumentNullException.ThrowIfNull(logB);
        if (logA.Count != logB.Count)
            throw new ArgumentException(
                $"The distributions have {logA.Count} and {logB.Count} sequences; they must be of one world.",
                nameof(logB)
            );
        return Enumerable.Range(0, logA.Count).Sum(y => double.IsNegativeInfinity(logA[y]) ? 0 : Math.Exp(logA[y]) * (logA[y] - logB[y]));
    }

    /// <summary>E_pi[r(y)].</summary>
    /// <param name="logPolicy">S log-probabilities.</param>
    /// <returns>The expected reward.</returns>
    public double ExpectedReward(IReadOnlyList<double> logPolicy) => Expectation(logPolicy, y => Rewards[y]);

    /// <summary>E_pi[F_lt + q / 2]: the probability to beat one reference draw, ties counted half.</summary>
    /// <param name="logPolicy">S log-probabilities.</param>
    /// <returns>0 to 1.</returns>
    public double WinRate(IReadOnlyList<double> logPolicy) =>
        Expectation(
            logPolicy,
            y =>
            {
                LogCdfPair cdf = BestOfN.LogCdf(Prompt, Rewards[y]);
                return (Math.Exp(cdf.Below) + Math.Exp(cdf.AtOrBelow)) / 2;
            }
        );

    /// <summary>The gradient of -KL(pi_theta || g) by the logits: what every reverse loss estimates.</summary>
    /// <remarks>With W(c, a) = sum of pi(y) (log g(y) - log pi(y)) over the sequences through (c, a):
    /// W(c, a) - pi(a | c) sum_b W(c, b).</remarks>
    /// <param name="logits">C * V logits theta.</param>
    /// <param name="logTarget">S values of log g, up to a constant.</param>
    /// <returns>C * V values in the order of the logits; a fresh array.</returns>
    public double[] ReverseGradient(IReadOnlyList<double> logits, IReadOnlyList<double> logTarget)
    {
        double[] logPolicy = LogProbs(logits);
        return _sums.Gradient(logits, y => Math.Exp(logPolicy[y]) * (logTarget[y] - logPolicy[y]));
    }

    /// <summary>The gradient of -KL(g || pi_theta) by the logits: what every forward loss (maximum likelihood) estimates.</summary>
    /// <param name="logits">C * V logits theta.</param>
    /// <param name="logTarget">S values of log g, normalised.</param>
    /// <returns>C * V values in the order of the logits; a fresh array.</returns>
    public double[] ForwardGradient(IReadOnlyList<double> logits, IReadOnlyList<double> logTarget) =>
        _sums.Gradient(logits, y => Math.Exp(logTarget[y]));

    private double Expectation(IReadOnlyList<double> logPolicy, Func<int, double> value)
    {
        ArgumentNullException.ThrowIfNull(logPolicy);
        if (logPolicy.Count != Sequences)
            throw new ArgumentException(
                $"There are {logPolicy.Count} log-probabilities; the world has {Sequences} sequences.",
                nameof(logPolicy)
            );
        return Enumerable.Range(0, Sequences).Sum(y => Math.Exp(logPolicy[y]) * value(y));
    }

    private int Sequence(Completion completion)
    {
        if (completion.Tokens.Length != _shape.Length || completion.Tokens.Any(token => token < 0 || token >= _shape.Vocabulary))
            throw new ArgumentException(
                $"The completion [{string.Join(", ", completion.Tokens)}] does not belong to this world: it must have {_shape.Length} "
                    + $"tokens of 0 to {_shape.Vocabulary - 1}.",
                nameof(completion)
            );
        return completion.Tokens.Aggregate(0, (sequence, token) => (sequence * _shape.Vocabulary) + token);
    }
}
