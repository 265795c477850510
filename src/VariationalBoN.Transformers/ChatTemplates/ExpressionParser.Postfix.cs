namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>What follows a value: attributes, subscripts, filters and tests.</summary>
internal sealed partial class ExpressionParser
{
    /// <summary>
    /// Filters that follow; without an operand they filter a block, and <paramref name="inline"/> says that the first has no "|".
    /// </summary>
    public FilterExpression? ParseFilter(Expression? operand, bool inline = false)
    {
        FilterExpression? filter = null;
        while (inline || stream.Current.IsOperator("|"))
        {
            if (!inline)
                stream.Next();
            inline = false;
            int line = stream.Current.Line;
            string name = ParseDottedName();
            ArgumentList arguments = stream.Current.IsOperator("(") ? ParseArguments() : ArgumentList.Nothing;
            filter = stream.Made(
                new FilterExpression
                {
                    Line = line,
                    Operand = filter ?? operand,
                    Name = name,
                    Arguments = arguments,
                }
            );
        }
        return filter;
    }

    private Expression ParsePostfix(Expression value)
    {
        while (true)
        {
            if (stream.Current.IsOperator("."))
                value = ParseAttribute(value);
            else if (stream.Current.IsOperator("["))
                value = ParseSubscript(value);
            else if (stream.Current.IsOperator("("))
                value = ParseCall(value);
            else
                return value;
        }
    }

    private Expression ParseFilters(Expression value)
    {
        while (true)
        {
            if (stream.Current.IsOperator("|"))
                value = ParseFilter(value)!;
            else if (stream.Current.IsName("is"))
                value = ParseTest(value);
            else if (stream.Current.IsOperator("("))
                value = ParseCall(value);
            else
                return value;
        }
    }

    private Expression ParseAttribute(Expression of)
    {
        int line = stream.Next().Line;
        Token name = stream.Current;
        if (name.Kind is not (TokenKind.Name or TokenKind.Integer))
            throw stream.Fault("expected a name or a number after '.'");
        stream.Next();
        if (name.Kind == TokenKind.Name)
            return stream.Made(
                new AttributeExpression
                {
                    Line = line,
                    Of = of,
                    Name = name.Text,
                }
            );
        return stream.Made(
            new ItemExpression
            {
                Line = line,
                Of = of,
                Key = new LiteralExpression { Line = line, Value = name.Value! },
            }
        );
    }

    private Expression ParseSubscript(Expression of)
    {
        int line = stream.ExpectOperator("[").Line;
        stream.Enter();
        var keys = new List<Expression>();
        while (!stream.Current.IsOperator("]"))
        {
            if (keys.Count > 0)
                stream.ExpectOperator(",");
            keys.Add(ParseKey(of));
        }
        stream.ExpectOperator("]");
        stream.Leave();
        if (keys is [SliceExpression slice] && slice.Of == of)
            return slice;
        if (keys.OfType<SliceExpression>().Any(part => part.Of == of))
            throw stream.Fault("the engine knows no subscript of several slices", FaultKind.Unsupported, line);
        Expression key = keys is [Expression only]
            ? only
            : stream.Made(
                new SequenceExpression
                {
                    Line = line,
                    Items = [.. keys],
                    IsTuple = true,
                }
            );
        return stream.Made(
            new ItemExpression
            {
                Line = line,
                Of = of,
                Key = key,
            }
        );
    }

    private Expression ParseKey(Expression of)
    {
        int line = stream.Current.Line;
        Expression? start = null;
        if (!stream.Current.IsOperator(":"))
        {
            start = Parse();
            if (!stream.Current.IsOperator(":"))
                return start;
        }
        stream.ExpectOperator(":");
        Expression? stop = EndsPart() || stream.Current.IsOperator(":") ? null : Parse();
        Expression? step = stream.SkipOperator(":") && !EndsPart() ? Parse() : null;
        return stream.Made(
            new SliceExpression
            {
                Line = line,
                Of = of,
                Start = start,
                Stop = stop,
                Step = step,
            }
        );
    }

    private bool EndsPart() => stream.Current.IsOperator("]") || stream.Current.IsOperator(",");

    private Expression ParseTest(Expression operand)
    {
        int line = stream.Next().Line;
        bool negated = stream.SkipName("not");
        string name = ParseDottedName();
        ArgumentList arguments = ArgumentList.Nothing;
        if (stream.Current.IsOperator("("))
        {
            arguments = ParseArguments();
        }
        else if (BeginsArgument())
        {
            if (stream.Current.IsName("is"))
                throw stream.Fault("tests with 'is' cannot be chained");
            arguments = new ArgumentList { Positional = [ParsePostfix(ParsePrimary())], Named = [] };
        }
        Expression test = stream.Made(
            new TestExpression
            {
                Line = line,
                Operand = operand,
                Name = name,
                Arguments = arguments,
            }
        );
        return negated
            ? stream.Made(
                new UnaryExpression
                {
                    Line = line,
                    Symbol = "not",
                    Operand = test,
                }
            )
            : test;
    }

    private bool BeginsArgument() =>
        stream.Current switch
        {
            { Kind: TokenKind.Name, Text: "else" or "or" or "and" } => false,
            { Kind: TokenKind.Name or TokenKind.String or TokenKind.Integer or TokenKind.Float } => true,
            _ => stream.Current.IsOperator("[") || stream.Current.IsOperator("{"),
        };

    private string ParseDottedName()
    {
        string name = stream.Expect(TokenKind.Name, "a name").Text;
        while (stream.SkipOperator("."))
            name += "." + stream.Expect(TokenKind.Name, "a name").Text;
        return name;
    }
}
