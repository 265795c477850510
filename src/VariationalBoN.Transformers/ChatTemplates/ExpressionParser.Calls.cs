namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Calls, and the arguments of calls, filters and tests.</summary>
internal sealed partial class ExpressionParser
{
    private CallExpression ParseCall(Expression callee)
    {
        int line = stream.Current.Line;
        return stream.Made(
            new CallExpression
            {
                Line = line,
                Callee = callee,
                Arguments = ParseArguments(),
            }
        );
    }

    private ArgumentList ParseArguments()
    {
        int line = stream.ExpectOperator("(").Line;
        stream.Enter();
        var positional = new List<Expression>();
        var named = new List<(string Name, Expression Value)>();
        var names = new HashSet<string>();
        Expression? spread = null,
            spreadNamed = null;
        for (bool first = true; !stream.Current.IsOperator(")"); first = false)
        {
            if (!first)
                stream.ExpectOperator(",");
            if (stream.Current.IsOperator(")"))
                break;
            if (stream.SkipOperator("*"))
                spread = spread is null && spreadNamed is null ? Parse() : throw Invalid();
            else if (stream.SkipOperator("**"))
                spreadNamed = spreadNamed is null ? Parse() : throw Invalid();
            else if (stream.Current.Kind == TokenKind.Name && stream.Ahead.IsOperator("="))
                AddNamed();
            else
                positional.Add(spread is null && spreadNamed is null && named.Count == 0 ? Parse() : throw Invalid());
        }
        stream.ExpectOperator(")");
        stream.Leave();
        return new ArgumentList
        {
            Positional = [.. positional],
            Named = [.. named],
            Spread = spread,
            SpreadNamed = spreadNamed,
        };

        void AddNamed()
        {
            string name = stream.Next().Text;
            stream.Next();
            if (spreadNamed is not null || !names.Add(name))
                throw stream.Fault($"keyword argument repeated or after **: '{name}'", line: line);
            named.Add((name, Parse()));
        }

        TemplateFault Invalid() => stream.Fault("invalid order of arguments in a call", line: line);
    }
}
