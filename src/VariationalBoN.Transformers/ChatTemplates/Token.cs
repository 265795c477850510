namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>The kinds of tokens that the parser sees.</summary>
internal enum TokenKind
{
    End,
    Data,
    VariableBegin,
    VariableEnd,
    BlockBegin,
    BlockEnd,
    Name,
    String,
    Integer,
    Float,
    Operator,
}

/// <summary>A token: its text (an operator's symbol, a name, the text of a string) and, for numbers and strings, its value.</summary>
internal sealed record Token(TokenKind Kind, string Text, int Line, Value? Value = null)
{
    public bool IsName(string name) => Kind == TokenKind.Name && Text == name;

    public bool IsOperator(string symbol) => Kind == TokenKind.Operator && Text == symbol;

    public string Description =>
        Kind switch
        {
            TokenKind.End => "end of template",
            TokenKind.VariableEnd => "end of print statement",
            TokenKind.BlockEnd => "end of statement block",
            _ => $"'{Text}'",
        };
}
