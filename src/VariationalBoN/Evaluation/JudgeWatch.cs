using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using MathNet.Numerics.Distributions;
using VariationalBoN.Rewards;

namespace VariationalBoN.Evaluation;

/// <summary>
/// Watches a training run with a second judge on held-out prompts:
/// raises an alarm when the first reward still rises and the second has fallen by more than its error.
/// </summary>
/// <remarks>
/// Each look draws completions of the policy, scores them with both judges, and compares with the earlier look at which the second reward
/// was highest, prompt by
/// prompt. The k-th comparison of that kind must be below Student's quantile at (1 - confidence) / (k^2 (k + 1)): the k earlier looks
/// among which the highest was chosen and all looks
/// of a run together give a false alarm in at most the share 1 - confidence of runs. Not thread-safe;
/// state is saved and loaded with <see cref="Save"/> and <see cref="Load"/>.
/// </remarks>
[Experimental(ExperimentalIds.SecondJudge)]
public sealed class JudgeWatch
{
    private readonly Scorer _first;
    private readonly IRewardModel _second;
    private readonly Prompt[] _prompts;
    private readonly JudgeWatchOptions _options;
    private readonly List<Look> _looks = [];

    /// <summary>Creates a watch.</summary>
    /// <param name="first">The reference and the reward model that is trained on.</param>
    /// <param name="second">A judge that is not trained on.</param>
    /// <param name="heldOut">At least two prompts that are not trained on; one that stands twice is used once.</param>
    /// <param name="options">Completions, seed and confidence; null for the defaults.</param>
    /// <exception cref="ArgumentException">There are fewer than two different prompts, or both judges are the same.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public JudgeWatch(Scorer first, IRewardModel second, IReadOnlyList<Prompt> heldOut, JudgeWatchOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(heldOut);
        (_first, _second, _prompts, _options) = (first, second, [.. heldOut.Distinct()], options ?? new JudgeWatchOptions());
        _options.Validate();
        if (_prompts.Length < 2)
            throw new ArgumentException(
                $"There {(_prompts.Length == 1 ? "is one held-out prompt" : "is no held-out prompt")}; an error over prompts needs at "
                    + $"least two.",
                nameof(heldOut)
            );
        if (first.Reward.Identity == second.Identity)
            throw new ArgumentException(
                $"The second judge is the first, {second.Identity}; give one that is not trained on.",
                nameof(second)
            );
    }

    /// <summary>What looks depend on beside the policy.</summary>
    private string Settings =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{_options.CompletionsPerPrompt} completions, seed {_options.Seed}, first judge {_first.Reward.Identity}, second judge "
                + $"{_second.Identity}"
        );

    /// <summary>All looks, in order.</summary>
    public ImmutableArray<JudgeWatchReading> Readings => [.. _looks.Select(look => look.Reading)];

    /// <summary>Looks at the policy.</summary>
    /// <param name="policy">The policy in training.</param>
    /// <param name="step">The step, above that of the look before.</param>
    /// <param name="cancellationToken">Stops drawing and scoring.</param>
    /// <returns>The look; <see cref="JudgeWatchReading.IsAlarm"/> says whether the first judge is exploited.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="step"/> is not above the last.</exception>
    /// <exception cref="RewardModelException">A reward could not be had.</exception>
    /// <exception cref="InvalidOperationException">Fewer than two prompts have a reward by both judges,
    /// now and at the earlier look.</exception>
    public async Task<JudgeWatchReading> LookAsync(IPolicy policy, long step, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(policy);
        if (_looks.Count > 0 && step <= _looks[^1].Reading.Step)
            throw new ArgumentOutOfRangeException(
                nameof(step),
                step,
                $"The step must be above {_looks[^1].Reading.Step}, that of the last look."
            );
        int each = _options.CompletionsPerPrompt;
        IReadOnlyList<Completion> drawn = policy.Sample(
            _prompts,
            each,
            new DrawSeed(_options.Seed, DrawPurpose.Evaluation),
            cancellationToken
        );
        IReadOnlyList<double?> first = await _first
            .Reward.ScoreCheckedAsync(drawn, _first.Options, cancellationToken)
            .ConfigureAwait(false);
        IReadOnlyList<double?> second = await _second
            .ScoreCheckedAsync(drawn, _options.SecondScoring, cancellationToken)
            .ConfigureAwait(false);
        return Add(step, Means(first, second), Means(second, first));

        double?[] Means(IReadOnlyList<double?> rewards, IReadOnlyList<double?> others) =>
            [
                .. Enumerable
                    .Range(0, _prompts.Length)
                    .Select(p => Enumerable.Range(p * each, each).Where(i => others[i] is not null).Average(i => rewards[i])),
            ];
    }

    /// <summary>Writes what later looks are compared with, for a checkpoint.</summary>
    /// <param name="stream">Where to; stays open.</param>
    public void Save(Stream stream) =>
        JsonSerializer.Serialize(
            stream,
            new State(
                Settings,
                [.. _prompts.Select(prompt => prompt.Canonical)],
                [.. _looks.Select(look => new Kept(look.Reading.Step, look.First, look.Second))]
            )
        );

    /// <summary>Reads what <see cref="Save"/> wrote; earlier looks of this object are forgotten.</summary>
    /// <param name="stream">Where from; stays open.</param>
    /// <exception cref="InvalidDataException">The stream is not the saved state
    /// of a watch, or the state is of other prompts, judges or draws.</exception>
    public void Load(Stream stream)
    {
        State state;
        try
        {
            state = JsonSerializer.Deserialize<State>(stream) ?? throw new InvalidDataException("The state of the watch is null.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"This is not the saved state of a {nameof(JudgeWatch)}: {e.Message}", e);
        }

        if (
            state.Prompts is null
            || state.Looks is null
            || !state.Prompts.SequenceEqual(_prompts.Select(prompt => prompt.Canonical), StringComparer.Ordinal)
        )
            throw new InvalidDataException(
                $"The saved watch has {state.Prompts?.Length ?? 0} held-out prompts, which are not the {_prompts.Length} of this watch; "
                    + $"make this watch with the same prompts."
            );
        if (state.Settings != Settings)
            throw new InvalidDataException(
                $"The saved watch has other judges or draws ({state.Settings}) than this watch ({Settings}); make this watch with the same."
            );
        if (state.Looks.Any(look => look?.First?.Length != _prompts.Length || look.Second?.Length != _prompts.Length))
            throw new InvalidDataException($"A look of the saved watch does not have rewards for each of the {_prompts.Length} prompts.");
        _looks.Clear();
        foreach (Kept look in state.Looks)
            Add(look.Step, look.First, look.Second);
    }

    /// <summary>Adds a look of the mean rewards of each prompt; null where a prompt has none.</summary>
    internal JudgeWatchReading Add(long step, double?[] first, double?[] second)
    {
        Look? peak = _looks.MaxBy(look => look.Reading.Second.Value);
        Estimate firstChange = peak is null ? new Estimate(0, 0, first.Length) : Change(first, peak.First),
            secondChange = peak is null ? new Estimate(0, 0, first.Length) : Change(second, peak.Second);
        double k = _looks.Count,
            share = (1 - _options.Confidence) / (k * k * (k + 1));
        double threshold = peak is null
            ? double.NegativeInfinity
            : StudentT.InvCDF(0, 1, secondChange.Count - 1, share) * secondChange.StandardError;
        var reading = new JudgeWatchReading(
            step,
            Mean(first),
            Mean(second),
            peak?.Reading.Step ?? step,
            firstChange,
            secondChange,
            threshold
        );
        _looks.Add(new Look(reading, first, second));
        return reading;
    }

    private static Estimate Change(double?[] now, double?[] before) => Mean([.. now.Zip(before, (one, other) => one - other)]);

    private static Estimate Mean(double?[] values)
    {
        double[] known = [.. values.OfType<double>()];
        return known.Length >= 2
            ? Estimate.FromObservations(known)
            : throw new InvalidOperationException(
                $"Only {known.Length} of {values.Length} held-out prompts have rewards by both judges, now and at the look to compare "
                    + $"with; two are needed. See why the judges fail, or whether all answers are truncated."
            );
    }

    private sealed record Look(JudgeWatchReading Reading, double?[] First, double?[] Second);

    private sealed record Kept(long Step, double?[] First, double?[] Second);

    private sealed record State(string Settings, string[] Prompts, Kept[] Looks);
}
