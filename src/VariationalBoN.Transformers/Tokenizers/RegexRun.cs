using System.Runtime.CompilerServices;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>One search of a <see cref="UnicodeRegex"/> through one text, with the work it may still spend.</summary>
/// <param name="text">The text, well-formed UTF-16.</param>
/// <param name="pattern">For the message.</param>
internal ref struct RegexRun(ReadOnlySpan<char> text, string pattern)
{
    private const long StepsPerCharacter = 2000;
    private HashSet<(RegexLoop Loop, int At)>? _rounds;
    private long _steps = 100_000 + StepsPerCharacter * text.Length;

    internal ReadOnlySpan<char> Text { get; } = text;

    /// <summary>Begins a node: counts a step and sees that the stack has room, which a pattern of thousands of nodes might fill.</summary>
    internal void Enter()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        Spend();
    }

    /// <summary>Counts a step. A pattern of a tokenizer needs a few of them a character;
    /// only one made to hang needs more than this allows.</summary>
    internal void Spend()
    {
        if (--_steps < 0)
            throw TooMuchWork();
    }

    /// <summary>Whether a round of a loop may begin here: not when the last one began here too and so took nothing.</summary>
    internal bool EnterRound(RegexLoop loop, int at) => (_rounds ??= []).Add((loop, at));

    internal readonly void LeaveRound(RegexLoop loop, int at) => _rounds!.Remove((loop, at));

    internal readonly InvalidOperationException TooMuchWork(Exception? inner = null) =>
        new($"The tokenizer's pattern {pattern} backtracks without end on a text of {Text.Length} characters.", inner);
}
