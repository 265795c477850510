namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Literals, names and brackets.</summary>
internal sealed partial class ExpressionParser
{
    /// <summary>
    /// A name or literal; with <paramref name="withNamespace"/> also an attribute of a namespace, as the target of "set".
    /// </summary>
    public Expression ParsePrimary(bool withNamespace = false)
    {
        Token token = stream.Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                stream.Next();
                return ParseName(token, withNamespace);
            case TokenKind.String:
                return ParseStrings();
            case TokenKind.Integer or TokenKind.Float:
                stream.Next();
                return new LiteralExpression { Line = token.Line, Value = token.Value! };
            case TokenKind.Operator when token.Text is "(" or "[" or "{":
                stream.Enter();
                Expression value =
                    token.Text == "(" ? ParseParentheses()
                    : token.Text == "[" ? ParseList()
                    : ParseMapping();
                stream.Leave();
                return value;
            default:
                throw stream.Fault($"unexpected {token.Description}");
        }
    }

    private Expression ParseName(Token token, bool withNamespace)
    {
        if (token.Text is "true" or "True" or "false" or "False")
            return new LiteralExpression { Line = token.Line, Value = BooleanValue.Of(token.Text is "true" or "True") };
        if (token.Text is "none" or "None")
            return new LiteralExpression { Line = token.Line, Value = NoneValue.Plain };
        if (!withNamespace || !stream.SkipOperator("."))
            return new NameExpression { Line = token.Line, Name = token.Text };
        return new NamespaceTarget
        {
            Line = token.Line,
            Name = token.Text,
            Attribute = stream.Expect(TokenKind.Name, "a name").Text,
        };
    }

    private LiteralExpression ParseStrings()
    {
        Token first = stream.Next();
        if (stream.Current.Kind != TokenKind.String)
            return new LiteralExpression { Line = first.Line, Value = first.Value! };
        var text = new System.Text.StringBuilder(((StringValue)first.Value!).Text);
        while (stream.Current.Kind == TokenKind.String)
            text.Append(((StringValue)stream.Next().Value!).Text);
        return new LiteralExpression { Line = first.Line, Value = new StringValue(text.ToString()) };
    }

    private Expression ParseParentheses()
    {
        stream.ExpectOperator("(");
        Expression value = ParseTuple(inParentheses: true);
        stream.ExpectOperator(")");
        return value;
    }

    private SequenceExpression ParseList()
    {
        int line = stream.ExpectOperator("[").Line;
        var items = new List<Expression>();
        while (!stream.Current.IsOperator("]"))
        {
            if (items.Count > 0)
                stream.ExpectOperator(",");
            if (stream.Current.IsOperator("]"))
                break;
            items.Add(Parse());
        }
        stream.ExpectOperator("]");
        return stream.Made(
            new SequenceExpression
            {
                Line = line,
                Items = [.. items],
                IsTuple = false,
            }
        );
    }

    private MappingExpression ParseMapping()
    {
        int line = stream.ExpectOperator("{").Line;
        var entries = new List<(Expression, Expression)>();
        while (!stream.Current.IsOperator("}"))
        {
            if (entries.Count > 0)
                stream.ExpectOperator(",");
            if (stream.Current.IsOperator("}"))
                break;
            Expression key = Parse();
            stream.ExpectOperator(":");
            entries.Add((key, Parse()));
        }
        stream.ExpectOperator("}");
        return stream.Made(new MappingExpression { Line = line, Entries = [.. entries] });
    }
}
