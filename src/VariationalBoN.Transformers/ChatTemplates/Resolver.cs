namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>
/// Binds the names of a parsed template to slots, and refuses what the reference implementation refuses when it compiles a template.
/// </summary>
internal sealed class Resolver
{
    private int loops;
    private Function function = new(0);

    /// <summary>Binds the names of a whole template; returns the scope of the template and the number of its variables.</summary>
    public static (Scope Scope, int Size) Resolve(Statement[] body)
    {
        if (NameSearch.Undeclared(body, "self").Count > 0)
            throw TemplateFault.Unsupported("the engine does not know 'self'");
        var resolver = new Resolver();
        var symbols = new Symbols(null, resolver.function);
        new SymbolFinder(symbols).VisitAll(body);
        resolver.Bind(body, symbols, soft: false);
        return (symbols.ToScope(), resolver.function.Size);
    }

    private void Bind(IEnumerable<Node> nodes, Symbols symbols, bool soft)
    {
        foreach (Node node in nodes)
            Bind(node, symbols, soft);
    }

    /// <param name="node">What is bound.</param>
    /// <param name="symbols">Its scope.</param>
    /// <param name="soft">True inside a branch, where an unknown filter or test is an error only when it is reached.</param>
    private void Bind(Node node, Symbols symbols, bool soft)
    {
        Work.CheckStack();
        switch (node)
        {
            case NameExpression name:
                name.Slot = SlotOf(name.Name, symbols, name.Line);
                break;
            case NamespaceTarget target:
                target.Slot = SlotOf(target.Name, symbols, target.Line);
                break;
            case OutputStatement output:
                BindOutput(output, symbols, soft);
                break;
            case IfStatement or ConditionalExpression:
                Bind(node.Children, symbols, soft: true);
                break;
            case ForStatement loop:
                BindFor(loop, symbols, soft);
                break;
            case MacroStatement macro:
                BindMacro(macro.Macro, symbols);
                Bind(macro.Target, symbols, soft);
                break;
            case CallStatement call:
                BindMacro(call.Macro, symbols);
                Bind(call.Call, symbols, soft);
                break;
            case GenerationStatement generation:
                BindMacro(generation.Macro, symbols);
                break;
            case SetBlockStatement set:
                set.Scope = BindScope(set.Body, set.Filter is null ? [] : [set.Filter], looked: set.Body, symbols);
                Bind(set.Target, symbols, soft);
                break;
            case FilterStatement filter:
                filter.Scope = BindScope(filter.Body, [filter.Filter], looked: filter.Children, symbols);
                break;
            case WithStatement with:
                with.Scope = BindScope(with.Body, with.Targets, looked: [.. with.Targets, .. with.Body], symbols);
                Bind(with.Values, symbols, soft);
                break;
            case JumpStatement jump when loops == 0:
                throw Syntax(jump, $"'{(jump.Flow == Flow.Break ? "break" : "continue")}' outside a loop");
            case FilterExpression filter when !soft && !Filters.Exists(filter.Name):
                throw Syntax(node, $"no filter named '{filter.Name}'");
            case TestExpression test when !soft && !Tests.Exists(test.Name):
                throw Syntax(node, $"no test named '{test.Name}'");
            default:
                Bind(node.Children, symbols, soft);
                break;
        }
    }

    private Scope BindScope(IEnumerable<Node> body, IEnumerable<Node> more, IEnumerable<Node> looked, Symbols outer)
    {
        var symbols = new Symbols(outer, function);
        new SymbolFinder(symbols).VisitAll(looked);
        Bind(body, symbols, soft: false);
        Bind(more, symbols, soft: false);
        return symbols.ToScope();
    }

    private void BindOutput(OutputStatement output, Symbols symbols, bool soft)
    {
        foreach (Expression part in output.Parts)
        {
            if (part.IsConstant)
                MakeLenient(part);
            Bind(part, symbols, soft);
        }
    }

    private static void MakeLenient(Node node)
    {
        Work.CheckStack();
        if (node is SliceExpression slice)
            slice.IsLenient = true;
        foreach (Node child in node.Children)
            MakeLenient(child);
    }

    private void BindFor(ForStatement loop, Symbols outer, bool soft)
    {
        if (NameSearch.Stores(loop, "loop"))
            throw Syntax(loop, "can't assign to the special variable 'loop' in the target of a loop");
        Bind(loop.Over, outer, soft);
        if (loop.Filter is not null)
            BindFilter(loop, outer);
        Function before = function;
        if (loop.IsRecursive)
            function = new Function(before.Depth + 1);
        Function own = function;
        int outside = loops;
        var symbols = new Symbols(outer, own);
        if (loop.IsRecursive || NameSearch.Undeclared(loop.Body, "loop").Contains("loop"))
            loop.LoopSlot = symbols.Declare("loop").Index;
        var finder = new SymbolFinder(symbols);
        finder.VisitTarget(loop.Target);
        finder.VisitAll(loop.Body);
        Bind(loop.Target, symbols, soft: false);
        loops++;
        Bind(loop.Body, symbols, soft: false);
        loops = loop.IsRecursive ? 0 : outside;
        loop.BodyScope = symbols.ToScope();
        if (loop.Else.Length > 0)
            loop.ElseScope = BindScope(loop.Else, [], loop.Else, outer);
        loops = outside;
        loop.LoopSize = () => own.Size;
        function = before;
    }

    private void BindFilter(ForStatement loop, Symbols outer)
    {
        Function before = function,
            own = function = new Function(before.Depth + 1);
        var symbols = new Symbols(outer, own);
        var finder = new SymbolFinder(symbols);
        finder.VisitTarget(loop.FilterTarget!);
        finder.Visit(loop.Filter!);
        Bind(loop.FilterTarget!, symbols, soft: false);
        Bind(loop.Filter!, symbols, soft: false);
        loop.FilterScope = symbols.ToScope();
        loop.FilterSize = () => own.Size;
        function = before;
    }

    private void BindMacro(MacroBody macro, Symbols outer)
    {
        Function before = function,
            own = function = new Function(before.Depth + 1);
        int outside = loops;
        loops = 0;
        var symbols = new Symbols(outer, own);
        new SymbolFinder(symbols).VisitAll(macro.Children);
        HashSet<string> special = NameSearch.Undeclared(macro.Body, "caller", "kwargs", "varargs");
        if (special.Contains("caller"))
        {
            int place = Array.FindIndex(macro.Parameters, parameter => parameter.Name == "caller");
            if (place >= 0 && place < macro.Parameters.Length - macro.Defaults.Length)
                throw Syntax(macro, "the special parameter 'caller' must be omitted or be given a default");
            if (place < 0)
                macro.CallerSlot = symbols.Declare("caller").Index;
            macro.UsesCaller = true;
        }
        if (special.Contains("kwargs") && macro.Parameters.All(parameter => parameter.Name != "kwargs"))
            macro.NamedSlot = symbols.Declare("kwargs").Index;
        if (special.Contains("varargs") && macro.Parameters.All(parameter => parameter.Name != "varargs"))
            macro.PositionalSlot = symbols.Declare("varargs").Index;
        Bind(macro.Children, symbols, soft: false);
        macro.Scope = symbols.ToScope();
        macro.Size = () => own.Size;
        (function, loops) = (before, outside);
    }

    private Slot SlotOf(string name, Symbols symbols, int line) =>
        symbols.Find(name)?.SeenFrom(function)
        ?? throw new TemplateFault(FaultKind.Syntax, $"the name '{name}' cannot be used in the filter of this block") { Line = line };

    private static TemplateFault Syntax(Node node, string message) => new(FaultKind.Syntax, message) { Line = node.Line };
}
