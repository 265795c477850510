namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>
/// Parses expressions, loosest operator first: "if else", "or", "and", "not", comparisons, "+ -", "~", "* / // %", "**", signs, and
/// tightest the
/// postfixes, filters and tests. All operators between two values group from the left, "**" too.
/// </summary>
internal sealed partial class ExpressionParser(TokenStream stream)
{
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    public Expression Parse(bool withCondition = true) => withCondition ? ParseCondition() : ParseOr();

    /// <summary>A value, or a tuple where commas follow.</summary>
    /// <param name="withCondition">False where "if" does not belong to the value.</param>
    /// <param name="inParentheses">True where an empty tuple is allowed.</param>
    /// <param name="parse">Parses an item, if not as an expression.</param>
    public Expression ParseTuple(bool withCondition = true, bool inParentheses = false, Func<Expression>? parse = null)
    {
        int line = stream.Current.Line;
        var items = new List<Expression>();
        bool isTuple = false;
        while (true)
        {
            if (items.Count > 0)
                stream.ExpectOperator(",");
            if (EndsTuple())
                break;
            items.Add(parse is null ? Parse(withCondition) : parse());
            if (!stream.Current.IsOperator(","))
                break;
            isTuple = true;
            line = stream.Current.Line;
        }
        if (!isTuple && items.Count > 0)
            return items[0];
        if (!isTuple && !inParentheses)
            throw stream.Fault($"expected an expression, got {stream.Current.Description}");
        return stream.Made(
            new SequenceExpression
            {
                Line = line,
                Items = [.. items],
                IsTuple = true,
            }
        );
    }

    private bool EndsTuple() => stream.Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd || stream.Current.IsOperator(")");

    private Expression ParseCondition()
    {
        int line = stream.Current.Line;
        Expression value = ParseOr();
        while (stream.SkipName("if"))
        {
            Expression test = ParseOr();
            Expression? otherwise = null;
            if (stream.SkipName("else"))
            {
                stream.Enter();
                otherwise = ParseCondition();
                stream.Leave();
            }
            value = stream.Made(
                new ConditionalExpression
                {
                    Line = line,
                    Test = test,
                    Then = value,
                    Else = otherwise,
                }
            );
            line = stream.Current.Line;
        }
        return value;
    }

    private Expression ParseOr()
    {
        int line = stream.Current.Line;
        Expression left = ParseAnd();
        while (stream.SkipName("or"))
        {
            left = stream.Made(
                new LogicExpression
                {
                    Line = line,
                    Left = left,
                    Right = ParseAnd(),
                    IsAnd = false,
                }
            );
            line = stream.Current.Line;
        }
        return left;
    }

    private Expression ParseAnd()
    {
        int line = stream.Current.Line;
        Expression left = ParseNot();
        while (stream.SkipName("and"))
        {
            left = stream.Made(
                new LogicExpression
                {
                    Line = line,
                    Left = left,
                    Right = ParseNot(),
                    IsAnd = true,
                }
            );
            line = stream.Current.Line;
        }
        return left;
    }

    private Expression ParseNot()
    {
        int line = stream.Current.Line;
        if (!stream.SkipName("not"))
            return ParseComparison();
        stream.Enter();
        Expression operand = ParseNot();
        stream.Leave();
        return stream.Made(
            new UnaryExpression
            {
                Line = line,
                Symbol = "not",
                Operand = operand,
            }
        );
    }

    private Expression ParseComparison()
    {
        int line = stream.Current.Line;
        Expression first = ParseSum();
        var rest = new List<(string, Expression)>();
        while (ComparisonAt() is string symbol)
        {
            stream.Next();
            if (symbol == "not in")
                stream.Next();
            rest.Add((symbol, ParseSum()));
            line = stream.Current.Line;
        }
        return rest.Count == 0
            ? first
            : stream.Made(
                new ComparisonExpression
                {
                    Line = line,
                    First = first,
                    Rest = [.. rest],
                }
            );
    }

    private string? ComparisonAt()
    {
        if (stream.Current.Kind == TokenKind.Operator && Comparisons.Contains(stream.Current.Text))
            return stream.Current.Text;
        return stream.Current.IsName("in") ? "in"
            : stream.Current.IsName("not") && stream.Ahead.IsName("in") ? "not in"
            : null;
    }

    private Expression ParseSum() => ParseBinary(ParseConcat, "+", "-");

    private Expression ParseProduct() => ParseBinary(ParsePower, "*", "/", "//", "%");

    private Expression ParsePower() => ParseBinary(() => ParseUnary(withFilter: true), "**");

    private Expression ParseBinary(Func<Expression> parse, params ReadOnlySpan<string> symbols)
    {
        int line = stream.Current.Line;
        Expression left = parse();
        while (stream.Current.Kind == TokenKind.Operator && symbols.Contains(stream.Current.Text))
        {
            string symbol = stream.Next().Text;
            left = stream.Made(
                new BinaryExpression
                {
                    Line = line,
                    Symbol = symbol,
                    Left = left,
                    Right = parse(),
                }
            );
            line = stream.Current.Line;
        }
        return left;
    }

    private Expression ParseConcat()
    {
        int line = stream.Current.Line;
        Expression first = ParseProduct();
        if (!stream.Current.IsOperator("~"))
            return first;
        var parts = new List<Expression> { first };
        while (stream.SkipOperator("~"))
            parts.Add(ParseProduct());
        return stream.Made(new ConcatExpression { Line = line, Parts = [.. parts] });
    }

    private Expression ParseUnary(bool withFilter)
    {
        int line = stream.Current.Line;
        Expression value;
        if (stream.Current.IsOperator("-") || stream.Current.IsOperator("+"))
        {
            string symbol = stream.Next().Text;
            stream.Enter();
            value = stream.Made(
                new UnaryExpression
                {
                    Line = line,
                    Symbol = symbol,
                    Operand = ParseUnary(withFilter: false),
                }
            );
            stream.Leave();
        }
        else
        {
            value = ParsePrimary();
        }
        value = ParsePostfix(value);
        return withFilter ? ParseFilters(value) : value;
    }
}
