using VariationalBoN.Internal;
using VariationalBoN.Numerics;

namespace VariationalBoN.Training;

/// <summary>
/// Watches the numbers of a training loop and raises an alarm, with the likely cause, when the run goes wrong; stops a run that diverges.
/// </summary>
/// <remarks>
/// One line in the loop: <c>guard.Observe(step, numbers)</c> before the optimizer steps. A loop over pairs or reference samples, whose
/// completions are not the policy's, gives loss and gradient at each step and now and then the numbers of a probe: a few completions of the
/// policy. Means are taken over <see cref="GuardOptions.Window"/> steps and compared with the first window of the run. Each kind of alarm
/// is raised once until it has passed. A resumed run goes on with the first window of the whole run
/// when the guard was added to its <see cref="Checkpoints"/>. Not thread-safe.
/// </remarks>
public sealed partial class TrainingGuard
{
    private const string Loss = "the loss",
        GradientNorm = "the norm of the gradient";
    private readonly GuardOptions _options;
    private readonly double _maxKl,
        _klOfBestOfN,
        _maxSaturation;
    private List<StepMetrics> _recent = [];
    private HashSet<GuardAlarmKind> _raised = [];
    private StepMetrics[]? _first;

    /// <summary>Creates a guard.</summary>
    /// <param name="n">N of the objective, from which the default thresholds follow:
    /// Best-of-N has a KL of at most log N - (N - 1) / N.</param>
    /// <param name="samplesPerPrompt">M, the reference samples of a prompt, at least 1.</param>
    /// <param name="options">Thresholds and what stops the loop; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> or
    /// <paramref name="samplesPerPrompt"/> is out of range.</exception>
    public TrainingGuard(double n, int samplesPerPrompt, GuardOptions? options = null)
    {
        if (!(n >= 1 && double.IsFinite(n)))
            throw new ArgumentOutOfRangeException(nameof(n), n, "N must be finite and at least 1.");
        ArgumentOutOfRangeException.ThrowIfLessThan(samplesPerPrompt, 1);
        _options = options ?? new GuardOptions();
        _options.Validate();
        _klOfBestOfN = BestOfNMath.KlUpperBound(n);
        _maxKl = _options.MaxKl ?? (4 * _klOfBestOfN) + 4;
        _maxSaturation = _options.MaxSaturatedShare ?? Math.Max(0.1, 2 * n / (samplesPerPrompt + n));
    }

    /// <summary>Takes in one step.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="metrics">Its numbers.</param>
    /// <returns>The alarms that this step raises for the first time; usually none.</returns>
    /// <exception cref="TrainingStoppedException">An alarm for which <see cref="GuardOptions.Stop"/> says true.</exception>
    public IReadOnlyList<GuardAlarm> Observe(long step, StepMetrics metrics)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentNullException.ThrowIfNull(metrics);
        if (
            NotANumber(
                step,
                [("the mean log-probability ratio (k1)", metrics.Kl.K1.Value), (Loss, metrics.Loss), (GradientNorm, metrics.GradientNorm)]
            )
            is GuardAlarm broken
        )
            return Raise([broken]);
        _recent.Add(metrics);
        if (_recent.Count > 3 * _options.Window)
            _recent.RemoveAt(0);
        if (_first is null && _recent.Count == _options.Window)
            _first = [.. _recent];
        return Raise([.. Still(step, metrics), .. _first is null ? [] : Alarms(step, _first).Concat(Unmoved(step, _first))]);
    }

    /// <summary>Takes in one step of a loop whose completions are not the policy's, such as one over pairs:
    /// raises an alarm when a number is NaN or infinite. Other faults show only in a probe.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="loss">The loss; null when not known.</param>
    /// <param name="gradientNorm">The norm of the gradient before clipping; null when not known.</param>
    /// <returns>The alarm that this step raises for the first time; usually none.</returns>
    /// <exception cref="ArgumentException">Neither is given.</exception>
    /// <exception cref="TrainingStoppedException">An alarm for which <see cref="GuardOptions.Stop"/> says true.</exception>
    public IReadOnlyList<GuardAlarm> Observe(long step, double? loss, double? gradientNorm)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        if (loss is null && gradientNorm is null)
            throw new ArgumentException("There is nothing to observe; give the loss, the norm of the gradient, or both.", nameof(loss));
        return Raise(NotANumber(step, [(Loss, loss), (GradientNorm, gradientNorm)]) is GuardAlarm broken ? [broken] : []);
    }

    private GuardAlarm[] Raise(IEnumerable<GuardAlarm> found)
    {
        GuardAlarm[] alarms = [.. found.Where(alarm => _raised.Add(alarm.Kind))];
        foreach (GuardAlarm alarm in alarms)
        {
            _options.Logger?.GuardAlarm(alarm);
            if (_options.Stop(alarm))
                throw new TrainingStoppedException(alarm);
        }

        return alarms;
    }

    private GuardAlarm? NotANumber(long step, (string Name, double? Value)[] numbers)
    {
        (string name, double? value) = Array.Find(numbers, number => number.Value is double known && !double.IsFinite(known));
        return Holds(GuardAlarmKind.NotANumber, value is not null)
            ? new GuardAlarm(
                GuardAlarmKind.NotANumber,
                step,
                name,
                value!.Value,
                double.MaxValue,
                "The weights have probably diverged, or a completion has probability 0 under the policy or the reference. Restore the "
                    + "last checkpoint, lower the learning rate, clip gradients; sample without top-k and top-p."
            )
            : null;
    }

    private IEnumerable<GuardAlarm> Alarms(long step, StepMetrics[] first)
    {
        StepMetrics[] now = [.. _recent.TakeLast(_options.Window)];
        double kl = now.Average(m => m.Kl.K1.Value),
            window = now.Length;
        if (Holds(GuardAlarmKind.ExplodingKl, kl > _maxKl))
            yield return Alarm(
                GuardAlarmKind.ExplodingKl,
                $"the mean KL to the reference (k1 over {window} steps, in nats)",
                kl,
                _maxKl,
                $"Best-of-N itself is at most {_klOfBestOfN:0.00} nats away. The learning rate is too high, the target has no finite "
                    + $"optimum (rewards on another scale in KL-constrained RL, advantages divided by their deviation beside a separate "
                    + $"KL term), or the policy repeats a text that fools the reward model: read some completions."
            );
        double error = Math.Sqrt(now.Sum(m => m.Kl.K1.StandardError * m.Kl.K1.StandardError)) / window;
        if (Holds(GuardAlarmKind.NegativeKl, double.IsFinite(error) && kl < -4 * error))
            yield return Alarm(
                GuardAlarmKind.NegativeKl,
                $"the mean KL to the reference (k1 over {window} steps, in nats)",
                kl,
                -4 * error,
                $"A KL cannot be negative, so the completions were not drawn from the distribution whose log-probabilities are taken: "
                    + $"another temperature or top-p, dropout, padding seen by the model, text tokenised again, or a stale policy. "
                    + $"PolicyCheck finds which."
            );
        if (_recent.Count == 3 * _options.Window)
        {
            double before = _recent.Take(_options.Window).Average(m => m.Kl.K1.Value),
                middle = _recent.Skip(_options.Window).Take(_options.Window).Average(m => m.Kl.K1.Value);
            double speed = Math.Max(middle - before, 0.05 * (1 + _klOfBestOfN));
            if (Holds(GuardAlarmKind.AcceleratingKl, kl > 1.5 * _klOfBestOfN && kl <= _maxKl && kl - middle > 1.5 * speed))
                yield return Alarm(
                    GuardAlarmKind.AcceleratingKl,
                    $"the growth of the KL (k1, in nats per {window} steps)",
                    kl - middle,
                    1.5 * speed,
                    $"The KL grows faster and faster, as it does when a policy moves towards texts that fool the reward model. Read some "
                        + $"completions; lower the learning rate or N."
                );
        }

        double[] diversity = Known(now, m => m.Diversity),
            diversityFirst = Known(first, m => m.Diversity);
        if (
            diversity.Length > 0
            && diversityFirst.Length > 0
            && Holds(GuardAlarmKind.CollapsedDiversity, diversity.Average() < _options.MinDiversityShare * diversityFirst.Average())
        )
            yield return Alarm(
                GuardAlarmKind.CollapsedDiversity,
                $"the diversity of a prompt's completions ((different - 1) / (K - 1) over {window} steps)",
                diversity.Average(),
                _options.MinDiversityShare * diversityFirst.Average(),
                $"It was {diversityFirst.Average():0.00} at the start. The policy has collapsed onto few texts: lower the learning rate "
                    + $"or N, and see which rewards the reward model gives these texts."
            );
        double entropy = now.Average(m => m.Entropy),
            entropyFirst = first.Average(m => m.Entropy);
        if (Holds(GuardAlarmKind.CollapsedEntropy, entropyFirst > 0 && entropy < _options.MinEntropyShare * entropyFirst))
            yield return Alarm(
                GuardAlarmKind.CollapsedEntropy,
                $"the entropy of a drawn token (-mean log pi_theta over {window} steps, in nats)",
                entropy,
                _options.MinEntropyShare * entropyFirst,
                $"It was {entropyFirst:0.000} at the start. The policy is becoming deterministic: lower the learning rate or N."
            );
        double[] saturated = Known(now, m => m.SaturatedShare);
        if (saturated.Length > 0 && Holds(GuardAlarmKind.Saturation, saturated.Average() > _maxSaturation))
            yield return Alarm(
                GuardAlarmKind.Saturation,
                $"the share of completions above all reference rewards (over {window} steps)",
                saturated.Average(),
                _maxSaturation,
                $"The reference table cannot tell these completions apart, so the target no longer prefers any. Draw more reference "
                    + $"samples, lower N, or take the policy as the new reference."
            );
        double ratio = now.Average(m => m.Length) / first.Average(m => m.Length);
        double rise = now.Average(m => m.Reward.Value) - first.Average(m => m.Reward.Value);
        if (Holds(GuardAlarmKind.LengthDrift, rise > 0 && (ratio > _options.MaxLengthRatio || ratio < 1 / _options.MaxLengthRatio)))
            yield return Alarm(
                GuardAlarmKind.LengthDrift,
                $"the mean length (over {window} steps, as a multiple of the first {window})",
                ratio,
                ratio > 1 ? _options.MaxLengthRatio : 1 / _options.MaxLengthRatio,
                $"The reward rose by {rise:0.##} meanwhile: it may reward length itself. See the length correlation in the reference "
                    + $"report."
            );
        double truncated = now.Average(m => m.TruncatedShare);
        if (Holds(GuardAlarmKind.Truncation, truncated > _options.MaxTruncatedShare))
            yield return Alarm(
                GuardAlarmKind.Truncation,
                $"the share of completions cut at the maximum length (over {window} steps)",
                truncated,
                _options.MaxTruncatedShare,
                $"The reward judges unfinished texts. Raise MaxNewTokens, or let ScoringOptions.OnTruncated penalise or exclude them."
            );

        GuardAlarm Alarm(GuardAlarmKind kind, string estimator, double value, double threshold, InvariantText cause) =>
            new(kind, step, estimator, value, threshold, cause.ToStringAndClear());
    }

    /// <summary>Whether the condition holds; one that no longer does may be raised again.</summary>
    private bool Holds(GuardAlarmKind kind, bool condition)
    {
        if (!condition)
            _raised.Remove(kind);
        return condition;
    }

    private static double[] Known(StepMetrics[] steps, Func<StepMetrics, double?> number) => [.. steps.Select(number).OfType<double>()];
}
