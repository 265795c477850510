namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>
/// Cuts a piece at matches and hands on the parts as they become final; what a match does is said by name, as in <c>tokenizer.json</c>.
/// </summary>
/// <param name="piece">What is cut.</param>
/// <param name="behavior">What becomes of the matches.</param>
/// <param name="invert">Whether what lies between the matches is taken for them.</param>
/// <param name="next">Takes the parts; empty ones are left out.</param>
internal ref struct PieceSplitter(Piece piece, SplitBehavior behavior, bool invert, PieceSink next)
{
    private readonly Piece _piece = piece;
    private int _last;
    private int _start = -1; // of the part that may still grow
    private int _end;
    private bool _previous;

    /// <summary>The next match, which begins where the one before it ends or later.</summary>
    internal void Match(int start, int end)
    {
        if (start > _last)
            Part(_last, start, invert);
        Part(start, end, !invert);
        _last = end;
    }

    /// <summary>Hands on what is left after the last match.</summary>
    internal void Finish()
    {
        if (_last < _piece.Text.Length)
            Part(_last, _piece.Text.Length, invert);
        if (_start >= 0)
            HandOn(_start, _end);
    }

    private void Part(int start, int end, bool match)
    {
        if (behavior is SplitBehavior.Isolated or SplitBehavior.Removed)
        {
            if (!match || behavior == SplitBehavior.Isolated)
                HandOn(start, end);
            return;
        }

        bool joins =
            _start >= 0
            && behavior switch
            {
                SplitBehavior.MergedWithPrevious => match && !_previous,
                SplitBehavior.MergedWithNext => _previous && !match,
                _ => match == _previous,
            };
        if (!joins)
        {
            if (_start >= 0)
                HandOn(_start, _end);
            _start = start;
        }

        (_end, _previous) = (end, match);
    }

    private readonly void HandOn(int start, int end)
    {
        if (end > start)
            next(_piece.Slice(start, end));
    }
}
