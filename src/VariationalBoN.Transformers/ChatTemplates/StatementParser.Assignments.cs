namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Statements that set names.</summary>
internal sealed partial class StatementParser
{
    private Statement ParseSet(int line)
    {
        Expression target = ParseTarget(withNamespace: true);
        if (stream.SkipOperator("="))
            return new SetStatement
            {
                Line = line,
                Target = target,
                Value = expressions.ParseTuple(),
            };
        FilterExpression? filter = expressions.ParseFilter(null);
        return new SetBlockStatement
        {
            Line = line,
            Target = target,
            Filter = filter,
            Body = ParseWholeBody("endset"),
        };
    }

    private WithStatement ParseWith(int line)
    {
        var targets = new List<Expression>();
        var values = new List<Expression>();
        while (stream.Current.Kind != TokenKind.BlockEnd)
        {
            if (targets.Count > 0)
                stream.ExpectOperator(",");
            targets.Add(ParseTarget(use: NameUse.Parameter));
            stream.ExpectOperator("=");
            values.Add(expressions.Parse());
        }
        return new WithStatement
        {
            Line = line,
            Targets = [.. targets],
            Values = [.. values],
            Body = ParseWholeBody("endwith"),
        };
    }

    private MacroStatement ParseMacro(int line)
    {
        NameExpression target = ParseTargetName(NameUse.Store);
        (NameExpression[] parameters, Expression[] defaults) = ParseParameters();
        MacroBody macro = MakeMacro(line, target.Name, parameters, defaults, ParseWholeBody("endmacro"));
        return new MacroStatement
        {
            Line = line,
            Target = target,
            Macro = macro,
        };
    }

    private CallStatement ParseCall(int line)
    {
        (NameExpression[] parameters, Expression[] defaults) = stream.Current.IsOperator("(") ? ParseParameters() : ([], []);
        if (expressions.Parse() is not CallExpression call)
            throw stream.Fault("expected a call", line: line);
        MacroBody macro = MakeMacro(line, null, parameters, defaults, ParseWholeBody("endcall"));
        return new CallStatement
        {
            Line = line,
            Call = call,
            Macro = macro,
        };
    }

    private MacroBody MakeMacro(int line, string? name, NameExpression[] parameters, Expression[] defaults, Statement[] body) =>
        stream.Made(
            new MacroBody
            {
                Line = line,
                Name = name,
                Parameters = parameters,
                Defaults = defaults,
                Body = body,
            }
        );

    private (NameExpression[] Parameters, Expression[] Defaults) ParseParameters()
    {
        var parameters = new List<NameExpression>();
        var defaults = new List<Expression>();
        var names = new HashSet<string>();
        stream.ExpectOperator("(");
        while (!stream.Current.IsOperator(")"))
        {
            if (parameters.Count > 0)
                stream.ExpectOperator(",");
            NameExpression parameter = ParseTargetName(NameUse.Parameter);
            if (!names.Add(parameter.Name))
                throw stream.Fault($"the parameter '{parameter.Name}' is there twice");
            if (stream.SkipOperator("="))
                defaults.Add(expressions.Parse());
            else if (defaults.Count > 0)
                throw stream.Fault("a parameter without default follows one with a default");
            parameters.Add(parameter);
        }
        stream.ExpectOperator(")");
        return ([.. parameters], [.. defaults]);
    }

    private OutputStatement ParsePrint(int line)
    {
        var parts = new List<Expression>();
        while (stream.Current.Kind != TokenKind.BlockEnd)
        {
            if (parts.Count > 0)
                stream.ExpectOperator(",");
            parts.Add(expressions.Parse());
        }
        return new OutputStatement { Line = line, Parts = [.. parts] };
    }

    private LoaderStatement ParseLoader(string tag, int line)
    {
        Expression template = expressions.Parse();
        var targets = new List<NameExpression>();
        if (tag == "import")
        {
            stream.ExpectName("as");
            targets.Add(ParseTargetName(NameUse.Store));
        }
        else if (tag == "from")
        {
            stream.ExpectName("import");
            ParseImportedNames(targets);
        }
        else if (tag == "include" && stream.Current.IsName("ignore") && stream.Ahead.IsName("missing"))
        {
            throw stream.Fault("the engine does not know 'ignore missing'", FaultKind.Unsupported);
        }
        if (stream.Current.Kind == TokenKind.Name && stream.Current.Text is "with" or "without" && stream.Ahead.IsName("context"))
        {
            stream.Next();
            stream.Next();
        }
        return new LoaderStatement
        {
            Line = line,
            Tag = tag,
            Template = template,
            Targets = [.. targets],
        };
    }

    private void ParseImportedNames(List<NameExpression> targets)
    {
        do
        {
            NameExpression name = ParseTargetName(NameUse.Store);
            targets.Add(stream.SkipName("as") ? ParseTargetName(NameUse.Store) : name);
        } while (stream.SkipOperator(","));
    }

    private NameExpression ParseTargetName(NameUse use)
    {
        Token name = stream.Expect(TokenKind.Name, "a name");
        CheckTargetName(name.Text, name.Line);
        return new NameExpression
        {
            Line = name.Line,
            Name = name.Text,
            Use = use,
        };
    }

    private Expression ParseTarget(bool withNamespace = false, NameUse use = NameUse.Store)
    {
        Expression target = expressions.ParseTuple(parse: () => expressions.ParsePrimary(withNamespace));
        CheckTarget(target, use);
        return target;
    }

    private void CheckTarget(Expression target, NameUse use)
    {
        Work.CheckStack();
        switch (target)
        {
            case NameExpression name:
                CheckTargetName(name.Name, name.Line);
                name.Use = use;
                break;
            case NamespaceTarget:
                break;
            case SequenceExpression { IsTuple: true } tuple:
                foreach (Expression item in tuple.Items)
                    CheckTarget(item, use);
                break;
            default:
                throw stream.Fault("cannot assign to this expression", line: target.Line);
        }
    }

    private void CheckTargetName(string name, int line)
    {
        if (name is "true" or "false" or "none" or "True" or "False" or "None")
            throw stream.Fault($"cannot assign to '{name}'", line: line);
    }
}
