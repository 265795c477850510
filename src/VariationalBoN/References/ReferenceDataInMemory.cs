using System.Collections.Immutable;
using VariationalBoN.BestOfN;

namespace VariationalBoN.References;

/// <summary>The samples of one prompt in memory, whatever number is asked for. Immutable, thread-safe.</summary>
internal sealed class ReferenceDataInMemory : IReferenceData
{
    private readonly Prompt _prompt;
    private readonly ImmutableArray<double> _rewards;
    private readonly ImmutableArray<string> _responses;
    private readonly ImmutableArray<ScoredCompletion> _samples;
    private readonly ImmutableSortedDictionary<string, ImmutableArray<double?>> _components;
    private readonly EmpiricalRewardCdf? _cdf; // null where every sample was excluded
    private readonly SampleRun _run;

    /// <summary>Checks what every prompt must be.</summary>
    /// <exception cref="ArgumentException">Nothing was drawn, a reward or component is not finite, there are not as many components as rewards, or those excluded are not among those drawn.</exception>
    public ReferenceDataInMemory(Prompt prompt, ImmutableArray<double> rewards, ImmutableArray<string> responses, ImmutableArray<ScoredCompletion> samples, IEnumerable<int>? excluded, IEnumerable<KeyValuePair<string, ImmutableArray<double?>>>? components)
    {
        (_prompt, _rewards, _responses, _samples) = (prompt, rewards, responses, samples);
        _components = ReferenceComponents.Checked(prompt, rewards.Length, components);
        ImmutableArray<int> places = [.. (excluded ?? []).Order()];
        _run = new SampleRun(0, rewards.Length + places.Length, places);
        for (int i = 0; i < places.Length; i++)
        {
            if (places[i] < 0 || places[i] >= _run.Drawn || (i > 0 && places[i] == places[i - 1]))
                throw new ArgumentException($"Sample {places[i]} of the prompt \"{prompt}\" cannot be among the excluded of {_run.Drawn} that were drawn ({rewards.Length} rewards, {places.Length} excluded); give the place of each among all drawn, from 0 on, once.", nameof(excluded));
        }

        if (_run.Drawn == 0 || rewards.Length > 0)
            _cdf = new EmpiricalRewardCdf(rewards);
    }

    public Prompt Prompt(int number) => _prompt;

    public ImmutableArray<double> Rewards(int number) => _rewards;

    public ImmutableArray<string> Responses(int number) => _responses;

    public ImmutableArray<ScoredCompletion> Samples(int number) => _samples;

    public IReadOnlyDictionary<string, ImmutableArray<double?>> Components(int number) => _components;

    public EmpiricalRewardCdf Cdf(int number) => _cdf
        ?? throw new InvalidOperationException($"Each of the {_run.Drawn} samples of the prompt \"{_prompt}\" was excluded, so that nothing is known of its rewards. Draw more samples of it, or leave it out.");

    public int Count(int number) => _rewards.Length;

    public IReadOnlyList<SampleRun> Runs(int number) => [_run];
}
