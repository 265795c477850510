namespace VariationalBoN.Policies;

/// <summary>A request that has joined a decode. A fault of it ends it alone.</summary>
internal sealed class LiveRow(CausalModel model, LiveRequest request) : DrawnRow(
    model, request.Policy.End, new CounterRandom(request.Seed, request.Prompt.Prompt, 0))
{
    private bool _isGone;

    internal LiveRequest Request => request;

    internal override bool IsDone => _isGone || base.IsDone;

    protected override string Name => "a completion";

    internal override void Draw(ReadOnlySpan<float> probabilities)
    {
        try
        {
            base.Draw(probabilities);
            request.OnToken(Tokens[^1], Finish);
        }
        catch (Exception e)
        {
            Fail(e); // which is how its asker learns of it
        }
    }

    /// <summary>Ends it without a word.</summary>
    internal void Leave() => _isGone = true;

    internal void Fail(Exception why)
    {
        _isGone = true;
        request.OnFailed(why);
    }
}
