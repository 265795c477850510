namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Parses text, printed expressions and blocks.</summary>
internal sealed partial class StatementParser
{
    private static readonly string[] Known =
    [
        "if",
        "for",
        "set",
        "macro",
        "call",
        "filter",
        "with",
        "generation",
        "break",
        "continue",
        "print",
        "include",
        "import",
        "from",
        "extends",
    ];

    private readonly TokenStream stream;
    private readonly ExpressionParser expressions;
    private readonly List<string> openTags = [];

    private StatementParser(TokenStream stream) => (this.stream, expressions) = (stream, new ExpressionParser(stream));

    public static Statement[] Parse(List<Token> tokens, int maxNesting) =>
        new StatementParser(new TokenStream(tokens, maxNesting)).ParseUntil([]);

    /// <summary>Statements up to one of the tags; the tag's name is the current token then.</summary>
    private Statement[] ParseUntil(string[] endTags)
    {
        var body = new List<Statement>();
        var output = new List<Expression>();
        while (stream.Current.Kind != TokenKind.End)
        {
            Token token = stream.Next();
            if (token.Kind == TokenKind.Data)
            {
                output.Add(new LiteralExpression { Line = token.Line, Value = new StringValue(token.Text) });
            }
            else if (token.Kind == TokenKind.VariableBegin)
            {
                output.Add(expressions.ParseTuple());
                stream.Expect(TokenKind.VariableEnd, "the end of the print statement");
            }
            else
            {
                Flush(output, body);
                if (stream.Current.Kind == TokenKind.Name && endTags.Contains(stream.Current.Text))
                    return [.. body];
                body.Add(ParseStatement());
                stream.Expect(TokenKind.BlockEnd, "the end of the block");
            }
        }
        if (endTags.Length > 0)
            throw stream.Fault($"unexpected end of template; the block '{openTags[^1]}' is closed by {string.Join(" or ", endTags)}");
        Flush(output, body);
        return [.. body];
    }

    private void Flush(List<Expression> output, List<Statement> body)
    {
        if (output.Count == 0)
            return;
        body.Add(stream.Made(new OutputStatement { Line = output[0].Line, Parts = [.. output] }));
        output.Clear();
    }

    /// <summary>The body of a block, up to one of the tags.</summary>
    private Statement[] ParseBody(params string[] endTags)
    {
        stream.SkipOperator(":");
        stream.Expect(TokenKind.BlockEnd, "the end of the block");
        stream.Enter();
        Statement[] body = ParseUntil(endTags);
        stream.Leave();
        return body;
    }

    private Statement[] ParseWholeBody(string endTag)
    {
        Statement[] body = ParseBody(endTag);
        stream.Next();
        return body;
    }

    private Statement ParseStatement()
    {
        Token tag = stream.Current;
        if (tag.Kind != TokenKind.Name)
            throw stream.Fault($"expected the name of a tag, got {tag.Description}");
        if (tag.Text is "block" or "autoescape")
            throw stream.Fault($"the engine does not know the tag '{tag.Text}'", FaultKind.Unsupported);
        if (!Known.Contains(tag.Text))
        {
            string open = openTags.Count == 0 ? "" : $"; the innermost open block is '{openTags[^1]}'";
            throw stream.Fault($"unknown tag '{tag.Text}'{open}");
        }
        stream.Next();
        openTags.Add(tag.Text);
        Statement statement = ParseTag(tag.Text, tag.Line);
        openTags.RemoveAt(openTags.Count - 1);
        return stream.Made(statement);
    }

    private Statement ParseTag(string tag, int line) =>
        tag switch
        {
            "if" => ParseIf(line),
            "for" => ParseFor(line),
            "set" => ParseSet(line),
            "macro" => ParseMacro(line),
            "call" => ParseCall(line),
            "filter" => new FilterStatement
            {
                Line = line,
                Filter = expressions.ParseFilter(null, inline: true)!,
                Body = ParseWholeBody("endfilter"),
            },
            "with" => ParseWith(line),
            "generation" => new GenerationStatement { Line = line, Macro = MakeMacro(line, null, [], [], ParseWholeBody("endgeneration")) },
            "break" => new JumpStatement { Line = line, Flow = Flow.Break },
            "continue" => new JumpStatement { Line = line, Flow = Flow.Continue },
            "print" => ParsePrint(line),
            _ => ParseLoader(tag, line),
        };

    private IfStatement ParseIf(int line)
    {
        Expression test = expressions.ParseTuple(withCondition: false);
        Statement[] then = ParseBody("elif", "else", "endif");
        var branches = new List<IfStatement>();
        Statement[] otherwise = [];
        while (true)
        {
            Token tag = stream.Next();
            if (tag.Text == "elif")
            {
                int at = stream.Current.Line;
                Expression next = expressions.ParseTuple(withCondition: false);
                Statement[] body = ParseBody("elif", "else", "endif");
                branches.Add(
                    stream.Made(
                        new IfStatement
                        {
                            Line = at,
                            Test = next,
                            Then = body,
                            ElseIfs = [],
                            Else = [],
                        }
                    )
                );
                continue;
            }
            if (tag.Text == "else")
                otherwise = ParseWholeBody("endif");
            return new IfStatement
            {
                Line = line,
                Test = test,
                Then = then,
                ElseIfs = [.. branches],
                Else = otherwise,
            };
        }
    }

    private ForStatement ParseFor(int line)
    {
        Expression target = ParseTarget();
        stream.ExpectName("in");
        Expression over = expressions.ParseTuple(withCondition: false);
        Expression? filter = stream.SkipName("if") ? expressions.Parse() : null;
        bool isRecursive = stream.SkipName("recursive");
        Statement[] body = ParseBody("endfor", "else");
        Statement[] otherwise = stream.Next().Text == "else" ? ParseWholeBody("endfor") : [];
        return new ForStatement
        {
            Line = line,
            Target = target,
            Over = over,
            Filter = filter,
            FilterTarget = filter is null ? null : Copy(target),
            IsRecursive = isRecursive,
            Body = body,
            Else = otherwise,
        };
    }

    private static Expression Copy(Expression target)
    {
        Work.CheckStack();
        return target switch
        {
            NameExpression name => new NameExpression
            {
                Line = name.Line,
                Name = name.Name,
                Use = name.Use,
            },
            SequenceExpression tuple => new SequenceExpression
            {
                Line = tuple.Line,
                IsTuple = true,
                Items = [.. tuple.Items.Select(Copy)],
            },
            _ => throw new InvalidOperationException($"a loop cannot assign to {target.GetType().Name}"),
        };
    }
}
