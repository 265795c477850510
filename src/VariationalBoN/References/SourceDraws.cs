using System.Runtime.CompilerServices;

namespace VariationalBoN.References;

/// <summary>Reference samples of an <see cref="ICompletionSource"/>, part by part. As thread-safe as the source.</summary>
/// <param name="source">Draws from the reference and scores.</param>
/// <param name="watch">Told of what is drawn.</param>
/// <param name="keepOfFailed">Whether what had ended when drawing failed is given, too.</param>
internal sealed class SourceDraws(ICompletionSource source, TruncationWatch watch, bool keepOfFailed)
{
    /// <summary>How an estimation draws from the source: one in this process scores a part while the next is drawn.</summary>
    public ReferenceDraw Draw =>
        source is PolicyCompletionSource local
            ? (batch, count, seed, token) => DrawThenScoreAsync(local, batch, count, seed, token)
            : DrawScoredAsync;

    private async IAsyncEnumerable<ReferencePart> DrawThenScoreAsync(
        PolicyCompletionSource local,
        Prompt[] batch,
        int count,
        DrawSeed seed,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var parts = local.DrawPartsAsync(batch, count, seed, keepOfFailed, cancellationToken);
        await foreach ((DrawnPart part, double[] logReference) in parts.ConfigureAwait(false))
        {
            watch.Observe(part.Completions);
            Prompt[] of = batch[part.FirstPrompt..(part.FirstPrompt + part.Prompts)];
            yield return new ReferencePart(
                of,
                seed.FirstSample + part.FirstSample,
                part.Samples,
                async () => Entries(await local.ScoreAsync(part, logReference, cancellationToken).ConfigureAwait(false), of, part.Samples)
            );
        }
    }

    private async IAsyncEnumerable<ReferencePart> DrawScoredAsync(
        Prompt[] batch,
        int count,
        DrawSeed seed,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        int given = 0; // prompts
        await foreach (ScoredBatch scored in source.DrawEachAsync(batch, count, seed, cancellationToken).ConfigureAwait(false))
        {
            (int whole, int rest) = Math.DivRem(scored.Drawn.Length, count);
            Prompt[] part = batch[given..(rest == 0 ? Math.Min(given + whole, batch.Length) : batch.Length)];
            IReadOnlyList<ReferencePrompt> entries = Entries(scored, part, count); // refuses other completions than asked for
            watch.Observe(scored.Drawn.Select(sample => sample.Completion));
            given += part.Length;
            yield return new ReferencePart(part, seed.FirstSample, count, () => Task.FromResult(entries));
        }

        if (given < batch.Length)
            throw new InvalidOperationException(
                $"The source was asked for {count} completions of each of {batch.Length} prompts and ended after {given} of them; it "
                    + $"must give them all, those without a reward included."
            );
    }

    private static IReadOnlyList<ReferencePrompt> Entries(ScoredBatch scored, Prompt[] batch, int count)
    {
        scored.RequireAsked(batch, count);
        return
        [
            .. batch.Select(
                (prompt, p) =>
                    new ReferencePrompt(
                        prompt,
                        scored.Drawn.Skip(p * count).Take(count),
                        ReferenceComponents.At(scored.DrawnComponents, [.. Enumerable.Range(p * count, count)])
                    )
            ),
        ];
    }
}
