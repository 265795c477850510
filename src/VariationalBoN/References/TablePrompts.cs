using System.Collections.Immutable;

namespace VariationalBoN.References;

/// <summary>The prompts of a table in their order, and the samples of each:
/// in memory, or in a store that is read when they are asked for. Immutable, thread-safe.</summary>
internal sealed class TablePrompts : IDisposable
{
    private readonly Dictionary<Prompt, ReferencePrompt>? _byPrompt; // null where the store knows where a prompt is
    private readonly StoredSamples? _stored;
    private readonly int[]? _places; // of each prompt of the store among those of the table; -1 where none of its samples has a reward

    private TablePrompts(
        ImmutableArray<ReferencePrompt> all,
        Dictionary<Prompt, ReferencePrompt>? byPrompt,
        StoredSamples? stored,
        int[]? places
    ) => (All, _byPrompt, _stored, _places) = (all, byPrompt, stored, places);

    /// <summary>The prompts in order.</summary>
    public ImmutableArray<ReferencePrompt> All { get; }

    /// <summary>Given prompts.</summary>
    /// <exception cref="ArgumentException">There is no prompt, one stands twice, or one has no reward.</exception>
    public static TablePrompts Of(ImmutableArray<ReferencePrompt> prompts)
    {
        if (prompts.IsEmpty)
            throw new ArgumentException("A reference table needs at least one prompt.", nameof(prompts));
        if (PromptsWithoutReward.Among(prompts) is string empty)
            throw new ArgumentException($"{empty} Leave them out, or draw more samples of them.", nameof(prompts));
        var byPrompt = new Dictionary<Prompt, ReferencePrompt>();
        foreach (ReferencePrompt prompt in prompts)
        {
            if (!byPrompt.TryAdd(prompt.Prompt, prompt))
                throw new ArgumentException(
                    $"The prompt \"{prompt.Prompt}\" stands twice; give all its samples together.",
                    nameof(prompts)
                );
        }

        return new TablePrompts(prompts, byPrompt, stored: null, places: null);
    }

    /// <summary>Some prompts of a store, which is owned from then on.</summary>
    public static TablePrompts OfStore(StoredSamples stored, IEnumerable<Prompt> prompts)
    {
        var byPrompt = prompts.ToDictionary(
            prompt => prompt,
            prompt => new ReferencePrompt(new StoredPrompt(stored, stored.Find(prompt)), prompt)
        );
        return new TablePrompts([.. byPrompt.Values], byPrompt, stored, places: null);
    }

    /// <summary>All prompts of a store that have a reward; the store is owned from then on.</summary>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public static TablePrompts OfStore(StoredSamples stored)
    {
        int[] known = [.. Enumerable.Range(0, stored.Prompts).Where(number => stored.Count(number) > 0)];
        if (known.Length == 0)
            throw new InvalidDataException(
                stored.Rows == 0
                    ? $"{stored.Path}: the store has no samples yet. Estimate the table into it first."
                    : $"{stored.Path}: the store has no reward: none of the samples of its {stored.Rows} rows has one. See why the reward "
                        + $"model fails for them, or whether all are truncated."
            );
        int[] places = new int[stored.Prompts];
        Array.Fill(places, -1);
        for (int place = 0; place < known.Length; place++)
            places[known[place]] = place;
        return new TablePrompts(
            [.. known.Select(number => new ReferencePrompt(new StoredPrompt(stored, number), null))],
            byPrompt: null,
            stored,
            places
        );
    }

    /// <summary>These prompts, each replaced by another one of the same name; both share the store.</summary>
    public TablePrompts Select(Func<ReferencePrompt, ReferencePrompt> change)
    {
        ImmutableArray<ReferencePrompt> changed = [.. All.Select(change)];
        return new TablePrompts(changed, _byPrompt is null ? null : changed.ToDictionary(prompt => prompt.Prompt), _stored, _places);
    }

    /// <summary>The samples of a prompt; null when it is not here.</summary>
    public ReferencePrompt? Find(Prompt prompt)
    {
        if (_byPrompt is not null)
            return _byPrompt.GetValueOrDefault(prompt);
        int number = _stored!.Find(prompt);
        return number >= 0 && _places![number] is >= 0 and var place ? All[place] : null;
    }

    /// <summary>Why a prompt is not here, for messages.</summary>
    public string WhyNot(Prompt prompt) =>
        _stored?.Find(prompt) is >= 0 and var number && _stored.Count(number) == 0
            ? $"The prompt \"{prompt}\" has no reward in {_stored.Path}: none of its samples has one. Draw more samples of it, or leave it "
                + "out."
            : $"The prompt \"{prompt}\" is not among the {All.Length} prompts of the reference table. Add it to the prompts that the table "
                + "is estimated from; prompts are compared character by character.";

    /// <summary>Closes the store.</summary>
    public void Dispose() => _stored?.Dispose();
}
