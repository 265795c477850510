namespace VariationalBoN.Policies;

#pragma warning disable CA1001 // the span ends with the row, which ends once: whole, left or failed
/// <summary>A request of a decode: it waits, then has joined. A fault of it ends it alone.</summary>
internal sealed class LiveRow(CausalModel model, LiveRequest request)
    : DrawnRow(model, request.Policy.End, new CounterRandom(request.Seed, request.Prompt.Prompt, 0))
{
    private readonly DrawSpan _span = new(1, 1, request.Seed, request.Policy.Options, request.Parent);
    private bool _isGone;

    internal LiveRequest Request => request;

    /// <summary>The most tokens that it will be given behind its prompt; the last one that is drawn is not read.</summary>
    internal int MostAppended => request.Policy.Options.MaxNewTokens - 1;

    internal override bool IsDone => _isGone || base.IsDone;

    protected override string Name => "a completion";

    internal override void Draw(ReadOnlySpan<float> probabilities)
    {
        try
        {
            base.Draw(probabilities);
            request.OnToken(Tokens[^1], Finish);
            if (Finish is not null)
                End(isWhole: true);
        }
        catch (Exception e)
        {
            Fail(e); // which is how its asker learns of it
        }
    }

    /// <summary>Ends it without a word.</summary>
    /// <param name="isWhole">Whether it is counted as a completion.</param>
    internal void Leave(bool isWhole)
    {
        _isGone = true;
        End(isWhole);
    }

    internal void Fail(Exception why)
    {
        _isGone = true;
        _span.Fail(why);
        _span.Dispose();
        request.OnFailed(why);
    }

    private void End(bool isWhole)
    {
        if (isWhole)
            _span.Count(Tokens.Count);
        _span.Dispose();
    }
}
