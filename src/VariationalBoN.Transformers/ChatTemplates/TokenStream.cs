namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>The tokens of a template, one looked at, with the nesting of what is being parsed.</summary>
internal sealed class TokenStream(List<Token> tokens, int maxNesting)
{
    private int place;
    private int nesting;

    public int MaxNesting { get; } = maxNesting;

    public Token Current => tokens[place];

    public Token Ahead => tokens[Math.Min(place + 1, tokens.Count - 1)];

    public Token Next()
    {
        Token token = Current;
        if (place < tokens.Count - 1)
            place++;
        return token;
    }

    public bool SkipName(string name) => Skip(Current.IsName(name));

    public bool SkipOperator(string symbol) => Skip(Current.IsOperator(symbol));

    public Token Expect(TokenKind kind, string what) =>
        Current.Kind == kind ? Next() : throw Fault($"expected {what}, got {Current.Description}");

    public Token ExpectOperator(string symbol) =>
        Current.IsOperator(symbol) ? Next() : throw Fault($"expected '{symbol}', got {Current.Description}");

    public Token ExpectName(string name) => Current.IsName(name) ? Next() : throw Fault($"expected '{name}', got {Current.Description}");

    /// <summary>Goes one level deeper; <see cref="Leave"/> comes back.</summary>
    public void Enter()
    {
        if (++nesting > MaxNesting)
        {
            string message = Work.Exceeded(nameof(ChatTemplateBounds.MaxNesting), $"a source nested {nesting} deep", MaxNesting).Message;
            throw Fault(message, FaultKind.Bound);
        }
        Work.CheckStack();
    }

    public void Leave() => nesting--;

    /// <summary>Checks the height of a finished part.</summary>
    public T Made<T>(T node)
        where T : Node
    {
        node.Measure(MaxNesting);
        return node;
    }

    public TemplateFault Fault(string message, FaultKind kind = FaultKind.Syntax, int? line = null) =>
        new(kind, message) { Line = line ?? Current.Line };

    private bool Skip(bool matches)
    {
        if (matches)
            Next();
        return matches;
    }
}
