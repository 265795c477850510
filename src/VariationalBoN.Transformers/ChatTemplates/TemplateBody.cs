namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>What renders a template: a program in Jinja, or a function.</summary>
internal abstract class TemplateBody
{
    /// <summary>Number of variables of a rendering.</summary>
    public virtual int Size => 0;

    public abstract StringValue Run(ChatTemplateInput input, Rendering rendering);
}

/// <summary>A program in Jinja.</summary>
internal sealed class JinjaBody : TemplateBody
{
    private readonly Statement[] statements;
    private readonly Scope scope;

    public JinjaBody(string source, ChatTemplateBounds bounds)
    {
        if (source.Length > bounds.MaxSourceLength)
            throw Work.Exceeded(nameof(bounds.MaxSourceLength), $"a source of {source.Length} characters", bounds.MaxSourceLength);
        statements = StatementParser.Parse(Lexer.Read(source, bounds.MaxDigits), bounds.MaxNesting);
        (scope, Size) = Resolver.Resolve(statements);
    }

    public override int Size { get; }

    public override StringValue Run(ChatTemplateInput input, Rendering rendering)
    {
        rendering.Variables = new InputReader(rendering.Work.Bounds).Read(input);
        return rendering.Capture(whole =>
        {
            scope.Enter(whole);
            Statement.RunAll(statements, whole);
        });
    }
}

/// <summary>A function of the caller's.</summary>
internal sealed class FunctionBody(Action<ChatTemplateInput, ChatWriter> write) : TemplateBody
{
    public override StringValue Run(ChatTemplateInput input, Rendering rendering)
    {
        var writer = new ChatWriter(rendering.Work);
        write(input, writer);
        return writer.Build();
    }
}
