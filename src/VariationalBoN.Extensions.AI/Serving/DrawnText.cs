using System.Collections.Immutable;
using VariationalBoN.Policies;

namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>The text of a request as its asker reads it. Not thread-safe; disposing of it before the end takes the request out.</summary>
internal sealed class DrawnText(ServedRequest served) : IDisposable
{
    private readonly StreamedText? _text = served.Prompt is null ? null : new StreamedText(served.Prompt, served.Request.StopSequences);
    private readonly ImmutableArray<int>.Builder _tokens = ImmutableArray.CreateBuilder<int>();

    /// <summary>All of it; null until it has ended.</summary>
    public Completion? Completion { get; private set; }

    /// <summary>Seed and number of the sample, once something was read.</summary>
    public DrawSeed Seed => served.Seed;

    /// <summary>The next piece that is not empty; null at the end.</summary>
    public async ValueTask<string?> ReadAsync(CancellationToken cancellationToken)
    {
        while (Completion is null)
        {
            await NextAsync(cancellationToken).ConfigureAwait(false);
            string piece = _tokens.Count == 0 ? Completion?.Text ?? "" : _text!.Take();
            if (piece.Length > 0)
                return piece;
        }

        return null;
    }

    /// <summary>Reads on until <see cref="Completion"/> is there.</summary>
    public async Task ReadToEndAsync(CancellationToken cancellationToken)
    {
        while (Completion is null)
            await NextAsync(cancellationToken).ConfigureAwait(false);
    }

    public void Dispose() => served.Leave(Completion is not null);

    /// <summary>Takes what has been drawn since.</summary>
    private async ValueTask NextAsync(CancellationToken cancellationToken)
    {
        if (!await served.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            throw new InvalidOperationException("A request ended without an end of its completion.");
        while (Completion is null && served.Reader.TryRead(out Drawn drawn))
        {
            if (drawn.Whole is not null)
                Completion = Cut(drawn.Whole);
            else
                Add(drawn);
        }
    }

    private void Add(Drawn drawn)
    {
        _tokens.Add(drawn.Token);
        if (drawn.Finish != FinishReason.Stopped)
            _text!.Append(drawn.Token);
        if (drawn.Finish is null && !_text!.IsStopped)
            return;
        _text!.End();
        if (_text.IsStopped)
            served.Leave(hasAll: true); // the decode goes on without it
        Completion = new Completion
        {
            Prompt = served.Request.Prompt,
            PromptTokens = served.Prompt!.Tokens,
            Tokens = _tokens.ToImmutable(),
            Text = _text.Text,
            FinishReason = _text.IsStopped ? FinishReason.Stopped : drawn.Finish!.Value,
        };
    }

    /// <summary>A completion that was drawn as a whole, up to the first stop sequence; its tokens stay.</summary>
    private Completion Cut(Completion whole)
    {
        int[] stops =
        [
            .. served.Request.StopSequences.Select(stop => whole.Text.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0),
        ];
        return stops.Length == 0 ? whole : whole with { Text = whole.Text[..stops.Min()], FinishReason = FinishReason.Stopped };
    }
}
