using System.Collections.Immutable;

namespace VariationalBoN.References;

/// <summary>The unit of work that processes share: some prompts of a call, and of each the same range of samples.
/// Plain data, immutable, thread-safe.</summary>
/// <remarks>
/// Where blocks are cut depends on the call and on settings alone, never on how many workers there are, and no batch of a model or a
/// judge has completions of two blocks. So equal blocks, drawn by <see cref="DrawAsync"/> from equal policies under one
/// <see cref="TorchRuntime.Execution"/>, have equal bits, whoever draws them and whatever is drawn beside them.
/// </remarks>
public sealed record DrawBlock
{
    /// <summary>The prompts, in the order of the call; none stands twice.</summary>
    public required ImmutableArray<Prompt> Prompts { get; init; }

    /// <summary>The position of the first prompt of the block among the prompts of the call; the others follow it.</summary>
    public required int FirstPrompt { get; init; }

    /// <summary>The number of the first sample of each prompt, 0 or more: what fixes its random numbers
    /// (<see cref="DrawSeed.FirstSample"/>).</summary>
    public required int FirstSample { get; init; }

    /// <summary>How many samples of each prompt, at least 1.</summary>
    public required int Samples { get; init; }

    /// <summary>The position of the first sample of the block among the samples that the call asks for of each prompt, 0 or more.</summary>
    public required int Offset { get; init; }

    /// <summary>The number of completions of the block: prompts times samples.</summary>
    public long Completions => (long)Prompts.Length * Samples;

    /// <summary>The blocks of a table of reference samples: what an estimation of it draws, in this order.</summary>
    /// <param name="prompts">The prompts, at least one; one that stands twice is drawn once.</param>
    /// <param name="options">M, the first sample, and the size of a block: <see cref="ReferenceTableOptions.PromptsPerBatch"/> prompts
    /// and <see cref="ReferenceTableOptions.SamplesPerBlock"/> samples, all M of them where that is null.</param>
    /// <returns>Blocks in the order of samples, then of prompts.</returns>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public static IReadOnlyList<DrawBlock> Cut(IReadOnlyList<Prompt> prompts, ReferenceTableOptions options)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return Cut(
            [.. prompts.Distinct()],
            options.SamplesPerPrompt,
            options.FirstSample,
            options.PromptsPerBatch,
            options.SamplesPerBlock ?? options.SamplesPerPrompt
        );
    }

    /// <summary>The blocks of a call of <see cref="ICompletionSource.DrawAsync"/>.</summary>
    /// <param name="prompts">P prompts; one that stands twice has other samples in each place.</param>
    /// <param name="completionsPerPrompt">K, at least 1.</param>
    /// <param name="firstSample">The number of the first sample (<see cref="DrawSeed.FirstSample"/>), 0 or more.</param>
    /// <param name="promptsPerBlock">The most prompts of a block, at least 1.</param>
    /// <param name="samplesPerBlock">The most samples of a prompt in a block, at least 1.</param>
    /// <returns>Blocks in the order of samples, then of prompts.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public static IReadOnlyList<DrawBlock> Cut(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        int firstSample,
        int promptsPerBlock,
        int samplesPerBlock
    )
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentOutOfRangeException.ThrowIfLessThan(completionsPerPrompt, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(firstSample);
        ArgumentOutOfRangeException.ThrowIfLessThan(promptsPerBlock, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(samplesPerBlock, 1);
        List<(int First, int Count, int Earlier)> groups = Groups(prompts, promptsPerBlock);
        var blocks = new List<DrawBlock>();
        for (int offset = 0, samples; offset < completionsPerPrompt; offset += samples)
        {
            samples = Math.Min(samplesPerBlock, completionsPerPrompt - offset);
            foreach ((int first, int count, int earlier) in groups)
            {
                blocks.Add(
                    new DrawBlock
                    {
                        Prompts = [.. Enumerable.Range(first, count).Select(p => prompts[p])],
                        FirstPrompt = first,
                        FirstSample = checked(firstSample + (earlier * completionsPerPrompt) + offset),
                        Samples = samples,
                        Offset = offset,
                    }
                );
            }
        }

        return blocks;
    }

    /// <summary>Draws and scores the block. Every source that promises equal bits draws blocks in this way.</summary>
    /// <param name="source">Where it is drawn.</param>
    /// <param name="seed">The seed of the call; its <see cref="DrawSeed.FirstSample"/> is in <see cref="FirstSample"/> already.</param>
    /// <param name="cancellationToken">Stops drawing and scoring.</param>
    /// <returns>Prompts * Samples samples, prompt by prompt, a group to each prompt of the block.</returns>
    /// <exception cref="InvalidOperationException">The source gave other completions than asked for.</exception>
    /// <exception cref="Rewards.RewardModelException">A reward could not be had.</exception>
    public async Task<ScoredBatch> DrawAsync(ICompletionSource source, DrawSeed seed, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        var parts = new List<ScoredBatch>(); // by the way that an estimation takes, so that batches of model and judge are the same
        await foreach (
            ScoredBatch part in source
                .DrawEachAsync(Prompts, Samples, seed with { FirstSample = FirstSample }, cancellationToken)
                .ConfigureAwait(false)
        )
            parts.Add(part);
        ScoredBatch block = ScoredBatch.Concat(parts);
        block.RequireAsked(Prompts, Samples);
        return block;
    }

    /// <summary>Puts the blocks of a call together, whatever the order in which they were drawn.</summary>
    /// <param name="completionsPerPrompt">K of the call.</param>
    /// <param name="drawn">All blocks of <see cref="Cut(IReadOnlyList{Prompt}, int, int, int, int)"/>,
    /// each with what <see cref="DrawAsync"/> gave.</param>
    /// <returns>P * K samples, prompt by prompt, a group to each prompt: what one call of the source would be.</returns>
    /// <exception cref="ArgumentException">A block is missing, stands twice, or was scored by something else than the first.</exception>
    /// <exception cref="InvalidOperationException">A batch holds other completions than its block.</exception>
    public static ScoredBatch Join(int completionsPerPrompt, IReadOnlyList<(DrawBlock Block, ScoredBatch Drawn)> drawn)
    {
        ArgumentNullException.ThrowIfNull(drawn);
        ArgumentOutOfRangeException.ThrowIfLessThan(completionsPerPrompt, 1);
        int prompts = drawn.Count == 0 ? 0 : drawn.Max(part => part.Block.FirstPrompt + part.Block.Prompts.Length);
        var places = new (int Part, int Index)?[checked(prompts * completionsPerPrompt)];
        ScoredBatch[] parts = [.. drawn.Select(part => part.Drawn)];
        for (int i = 0, start = 0; i < parts.Length; start += parts[i].Drawn.Length, i++)
        {
            DrawBlock block = drawn[i].Block;
            parts[i].RequireAsked(block.Prompts, block.Samples);
            if (parts[i].Origin != parts[0].Origin)
                throw new ArgumentException(
                    $"Block {i} was scored by something else than block 0; one call has one reference and one " + "judge.",
                    nameof(drawn)
                );
            for (int j = 0; j < parts[i].Drawn.Length; j++)
            {
                int place = ((block.FirstPrompt + (j / block.Samples)) * completionsPerPrompt) + block.Offset + (j % block.Samples);
                if (block.Offset + block.Samples > completionsPerPrompt || places[place] is not null)
                    throw new ArgumentException(
                        $"Block {i}, from prompt {block.FirstPrompt} and sample {block.Offset} on, stands twice "
                            + $"or is of a call with other than {completionsPerPrompt} completions a prompt; give each block once.",
                        nameof(drawn)
                    );
                places[place] = (block.FirstPrompt + (j / block.Samples), start + j);
            }
        }

        if (Array.FindIndex(places, place => place is null) is >= 0 and int missing)
            throw new ArgumentException(
                $"Sample {missing % completionsPerPrompt} of prompt {missing / completionsPerPrompt} is in no "
                    + "block; give all blocks of the call.",
                nameof(drawn)
            );
        return ScoredBatch
            .Concat(parts)
            .Reordered([.. places.Select(place => place!.Value.Index)], [.. places.Select(place => place!.Value.Part)]);
    }

    /// <summary>Whether two blocks are equal in all their members, prompt by prompt.</summary>
    /// <param name="other">Another block.</param>
    /// <returns>True when it is.</returns>
    public bool Equals(DrawBlock? other) =>
        other is not null
        && (FirstPrompt, FirstSample, Samples, Offset) == (other.FirstPrompt, other.FirstSample, other.Samples, other.Offset)
        && Prompts.SequenceEqual(other.Prompts);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(FirstPrompt, FirstSample, Samples, Offset, Prompts.Length);

    /// <summary>Neighbours that stand in the call for the same time each, so that their samples have the same numbers.</summary>
    private static List<(int First, int Count, int Earlier)> Groups(IReadOnlyList<Prompt> prompts, int promptsPerBlock)
    {
        var seen = new Dictionary<Prompt, int>();
        var groups = new List<(int First, int Count, int Earlier)>();
        for (int p = 0; p < prompts.Count; p++)
        {
            int earlier = seen.GetValueOrDefault(prompts[p]);
            seen[prompts[p]] = earlier + 1;
            if (groups.Count > 0 && groups[^1] is var last && last.Count < promptsPerBlock && last.Earlier == earlier)
                groups[^1] = last with { Count = last.Count + 1 };
            else
                groups.Add((p, 1, earlier));
        }

        return groups;
    }
}
