namespace VariationalBoN.References;

/// <summary>Gathers completions that end in any order to parts of whole prompts, and gives the parts in order. Not thread-safe.</summary>
/// <param name="prompts">P, the prompts of the call.</param>
/// <param name="samples">K, the completions of each.</param>
/// <param name="ready">Given a part when it and all before it have ended.</param>
internal sealed class PartCollector(int prompts, int samples, Action<DrawnPart> ready)
{
    /// <summary>A part has the prompts of so many completions, or one prompt where that has more: what a judge is asked at once.</summary>
    internal const int CompletionsPerPart = 256;

    private readonly Completion?[] _ended = new Completion?[checked(prompts * samples)];
    private readonly int _promptsPerPart = Math.Max(1, CompletionsPerPart / samples);
    private int _given; // prompts

    /// <summary>One has ended.</summary>
    /// <param name="place">p * K + k.</param>
    /// <param name="completion">It.</param>
    internal void Add(int place, Completion completion)
    {
        _ended[place] = completion;
        while (_given < prompts)
        {
            int count = Math.Min(_promptsPerPart, prompts - _given);
            Span<Completion?> part = _ended.AsSpan(_given * samples, count * samples);
            if (part.Contains(null))
                return;
            ready(new DrawnPart(_given, count, 0, samples, [.. part!]));
            part.Clear();
            _given += count;
        }
    }

    /// <summary>Gives what has ended of the parts that are not complete: ranges of samples, prompt by prompt.</summary>
    internal void Flush()
    {
        for (int p = _given; p < prompts; p++)
        {
            for (int k = 0, end; k < samples; k = end)
            {
                for (end = k + 1; end < samples && (_ended[(p * samples) + end] is null) == (_ended[(p * samples) + k] is null); )
                    end++;
                if (_ended[(p * samples) + k] is not null)
                    ready(new DrawnPart(p, 1, k, end - k, [.. _ended[((p * samples) + k)..((p * samples) + end)]!]));
            }
        }
    }
}
