namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Text and printed expressions.</summary>
internal sealed class OutputStatement : Statement
{
    public required Expression[] Parts { get; init; }

    public override IEnumerable<Node> Children => Parts;

    public override Flow Run(Rendering rendering)
    {
        foreach (Expression part in Parts)
        {
            rendering.Line = part.Line;
            rendering.Out.Add(Printing.Text(part.Evaluate(rendering), rendering.Work));
        }
        return Flow.Next;
    }
}

/// <summary>"if" with its branches; a branch shares the variables around it.</summary>
internal sealed class IfStatement : Statement
{
    public required Expression Test { get; init; }

    public required Statement[] Then { get; init; }

    public required IfStatement[] ElseIfs { get; init; }

    public required Statement[] Else { get; init; }

    public override IEnumerable<Node> Children => [Test, .. Then, .. ElseIfs, .. Else];

    public override Flow Run(Rendering rendering)
    {
        rendering.Line = Line;
        if (Test.Evaluate(rendering).Truth)
            return RunAll(Then, rendering);
        foreach (IfStatement branch in ElseIfs)
        {
            rendering.Line = branch.Line;
            if (branch.Test.Evaluate(rendering).Truth)
                return RunAll(branch.Then, rendering);
        }
        return RunAll(Else, rendering);
    }
}

/// <summary>"break" and "continue".</summary>
internal sealed class JumpStatement : Statement
{
    public required Flow Flow { get; init; }

    public override IEnumerable<Node> Children => [];

    public override Flow Run(Rendering rendering) => Flow;
}

/// <summary>A statement that needs another template: an error when it is reached.</summary>
internal sealed class LoaderStatement : Statement
{
    public required string Tag { get; init; }

    public required Expression Template { get; init; }

    /// <summary>Names that the statement would set.</summary>
    public required NameExpression[] Targets { get; init; }

    public override IEnumerable<Node> Children => [Template, .. Targets];

    public override Flow Run(Rendering rendering)
    {
        rendering.Line = Line;
        throw TemplateFault.Unsupported($"'{Tag}' needs another template, and a chat template stands alone");
    }
}
