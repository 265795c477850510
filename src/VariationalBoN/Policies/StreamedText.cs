using VariationalBoN.Internal;

namespace VariationalBoN.Policies;

/// <summary>The text of a completion while it is drawn: pieces that are never taken back, up to a stop sequence. Not thread-safe.</summary>
/// <remarks>
/// The text so far is that of all tokens so far (<see cref="EncodedPrompt.Decode"/>), so that the pieces together are
/// <see cref="Completion.Text"/>. Held back until it is certain: what a later token can change (bytes of an unfinished character, a space
/// before a mark that some tokenizers take out), and what may be the beginning of a stop sequence. A token costs the decoding of a few
/// tokens before it, not of all; <see cref="End"/> and a stop sequence decode the whole once.
/// </remarks>
public sealed class StreamedText
{
    /// <summary>What decoding with <c>clean_up_tokenization_spaces</c> writes without its first space; and what it writes of "x ' " and a
    /// mark: "x'" without the mark, and "x '," with it.</summary>
    private static readonly string[] s_spacedMarks = [" .", " ?", " !", " ,", " ' ", " n't", " n ' t", " 'm", " 's", " 've", " 're", "',"];

    private const int Window = 16; // tokens: what is decoded again, and what is looked back at beyond it

    private readonly EncodedPrompt _prompt;
    private readonly string[] _stops;
    private readonly List<int> _tokens = [];
    private Func<IReadOnlyList<int>, string> _decode;
    private string _fixed = ""; // of the first _fixedTokens, which no later token changes; the others are decoded by _decode
    private int _fixedTokens;
    private string? _whole; // null where a token came since
    private string _taken = "";

    /// <summary>Creates the text of a completion that has no token yet.</summary>
    /// <param name="prompt">Its prompt.</param>
    /// <param name="stopSequences">Texts that end it, which are not a part of it; none by default.</param>
    /// <exception cref="ArgumentException">A stop sequence is empty.</exception>
    public StreamedText(EncodedPrompt prompt, IEnumerable<string>? stopSequences = null)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        (_prompt, _decode, _stops) = (prompt, prompt.Decode, [.. stopSequences ?? []]);
        if (_stops.Any(string.IsNullOrEmpty))
            throw new ArgumentException(
                "A stop sequence is empty, so that every completion would end before it begins; leave it out.",
                nameof(stopSequences)
            );
    }

    /// <summary>The text so far, up to a stop sequence; the end of it may yet change.</summary>
    public string Text => _whole ??= Decoded();

    /// <summary>Whether a stop sequence has come.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Whether no token follows: a stop sequence has come, or <see cref="End"/> was called.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>Adds a token that was drawn, but no stop token.</summary>
    /// <param name="token">The id.</param>
    /// <exception cref="InvalidOperationException">The text has ended.</exception>
    public void Append(int token)
    {
        if (IsEnded)
            throw new InvalidOperationException(
                $"Token {token} comes after the end of the text: after {(IsStopped ? "a stop sequence" : nameof(End))}."
            );
        _tokens.Add(token);
        _whole = null;
        if (_stops.Length == 0 || FirstStop(Text) is null)
            return;
        _whole = _prompt.Decode(_tokens);
        if (FirstStop(_whole) is not int at)
            return;
        IsStopped = IsEnded = true;
        _whole = _whole[..at];
    }

    /// <summary>Says that no token follows, so that nothing is held back any more.</summary>
    public void End()
    {
        if (IsEnded)
            return;
        IsEnded = true;
        _whole = _prompt.Decode(_tokens);
    }

    /// <summary>The text that has become certain since the last call.</summary>
    /// <returns>A piece, which may be empty.</returns>
    /// <exception cref="InvalidOperationException">The tokenizer has changed text
    /// that was already taken. <see cref="Text"/> is still right.</exception>
    public string Take()
    {
        int certain = IsEnded ? Text.Length : Certain(Text, _stops);
        if (!Text.StartsWith(_taken, StringComparison.Ordinal) && (IsEnded || certain > _taken.Length))
        {
            int from = Math.Max(0, Text.AsSpan().CommonPrefixLength(_taken) - 20);
            throw new InvalidOperationException(
                $"The tokenizer writes {Shown.Quoted(Text[from..])} and wrote {Shown.Quoted(_taken[from..])} from character {from} on "
                    + "before the last tokens came, so that this completion cannot be handed out in pieces; ask for it whole."
            );
        }

        if (certain <= _taken.Length)
            return "";
        string piece = Text[_taken.Length..certain];
        _taken = Text[..certain];
        return piece;
    }

    /// <summary>The text of all tokens, those after the fixed ones decoded. Fixes them where their text is certain.</summary>
    private string Decoded()
    {
        string text = DecodedWith([]);
        if (
            _tokens.Count - _fixedTokens >= Window
            && Certain(text, []) == text.Length
            && _prompt.DecoderBehind(_tokens, Window) is { } decode
        )
        {
            (_decode, _fixed, _fixedTokens) = (decode, text, _tokens.Count);
        }

        return text;
    }

    private string DecodedWith(ReadOnlySpan<int> more)
    {
        int[] tokens = [.. _tokens[_fixedTokens..], .. more];
        return tokens.Length == 0 ? _fixed : _fixed + _decode(tokens);
    }

    /// <summary>Where the first stop sequence begins; null where there is none.</summary>
    private int? FirstStop(string text)
    {
        int[] stops = [.. _stops.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0)];
        return stops.Length == 0 ? null : stops.Min();
    }

    /// <summary>How many characters no later token changes, and none of some stop sequences takes.</summary>
    private int Certain(string text, string[] stops)
    {
        int certain = _prompt.PartOfCharacter is int part ? text.AsSpan().CommonPrefixLength(DecodedWith([part])) : text.Length;
        while (certain > 0 && (text[certain - 1] == '\uFFFD' || char.IsHighSurrogate(text[certain - 1])))
            certain--;
        return s_spacedMarks.Concat(stops).Min(mark => BeforeBeginning(mark, text.AsSpan(0, certain)));
    }

    /// <summary>The length of a text without what it ends with that begins another.</summary>
    private static int BeforeBeginning(string other, ReadOnlySpan<char> text)
    {
        for (int length = Math.Min(other.Length - 1, text.Length); length > 0; length--)
        {
            if (text.EndsWith(other.AsSpan(0, length)))
                return text.Length - length;
        }

        return text.Length;
    }
}
