using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>A step of a compiled <see cref="UnicodeRegex"/>; each knows what follows it, so that a match is one call.</summary>
internal abstract class RegexNode
{
    /// <summary>The end of the match that starts here, -1 when there is none.</summary>
    internal abstract int Match(ref RegexRun run, int at);
}

/// <summary>The end of a pattern.</summary>
internal sealed class RegexAccept : RegexNode
{
    internal override int Match(ref RegexRun run, int at) => at;
}

/// <summary>A set of characters, repeated; a lone one is repeated once.</summary>
internal sealed class RegexRepeat(RegexSet set, int least, int most, RegexGreed greed, RegexNode next) : RegexNode
{
    internal override int Match(ref RegexRun run, int at)
    {
        run.Enter();
        int count = 0;
        while (count < least)
        {
            if (!Step(ref run, ref at))
                return -1;
            count++;
        }

        if (greed == RegexGreed.Lazy)
        {
            for (; ; count++)
            {
                if (next.Match(ref run, at) is var end && end >= 0)
                    return end;
                if (count == most || !Step(ref run, ref at))
                    return -1;
            }
        }

        int floor = at;
        while (count < most && Step(ref run, ref at))
            count++;
        if (greed == RegexGreed.Possessive)
            return next.Match(ref run, at);
        while (true)
        {
            if (next.Match(ref run, at) is var end && end >= 0)
                return end;
            if (at == floor)
                return -1;
            run.Spend();
            at -= char.IsLowSurrogate(run.Text[at - 1]) ? 2 : 1;
        }
    }

    private bool Step(ref RegexRun run, ref int at)
    {
        run.Spend();
        if (at == run.Text.Length)
            return false;
        char c = run.Text[at];
        if (!char.IsSurrogate(c))
        {
            if (!set.Contains(new Rune(c)))
                return false;
            at++;
            return true;
        }

        _ = Rune.DecodeFromUtf16(run.Text[at..], out var rune, out int length);
        if (!set.Contains(rune))
            return false;
        at += length;
        return true;
    }
}

/// <summary>The first of several ways that leads to a match.</summary>
internal sealed class RegexChoice(RegexNode[] ways) : RegexNode
{
    internal override int Match(ref RegexRun run, int at)
    {
        run.Enter();
        foreach (var way in ways)
        {
            if (way.Match(ref run, at) is var end && end >= 0)
                return end;
        }

        return -1;
    }
}

/// <summary>A group repeated without limit; a round that takes nothing ends it.</summary>
internal sealed class RegexLoop(bool lazy, RegexNode next) : RegexNode
{
    /// <summary>The group, which ends in this node; set once, while the pattern is compiled.</summary>
    internal RegexNode? Body { get; set; }

    internal override int Match(ref RegexRun run, int at)
    {
        run.Enter();
        if (lazy && next.Match(ref run, at) is var early && early >= 0)
            return early;
        if (run.EnterRound(this, at))
        {
            int end = Body!.Match(ref run, at);
            run.LeaveRound(this, at);
            if (end >= 0)
                return end;
        }

        return lazy ? -1 : next.Match(ref run, at);
    }
}

/// <summary>A group that is not entered again once it has matched, or a look ahead, which takes nothing.</summary>
internal sealed class RegexAtomic(RegexNode body, RegexNode next, bool look, bool negative) : RegexNode
{
    internal override int Match(ref RegexRun run, int at)
    {
        run.Enter();
        int end = body.Match(ref run, at);
        return negative
            ? end >= 0
                ? -1
                : next.Match(ref run, at)
            : end < 0
                ? -1
                : next.Match(ref run, look ? at : end);
    }
}

/// <summary>The start or the end of the text, or of a line.</summary>
internal sealed class RegexAnchor(bool start, bool line, RegexNode next) : RegexNode
{
    internal override int Match(ref RegexRun run, int at)
    {
        run.Enter();
        bool holds = start ? at == 0 || line && run.Text[at - 1] == '\n' : at == run.Text.Length || line && run.Text[at] == '\n';
        return holds ? next.Match(ref run, at) : -1;
    }
}
