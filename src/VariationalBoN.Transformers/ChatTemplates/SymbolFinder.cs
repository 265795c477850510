namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Finds the names that a scope reads and sets; it does not look into the scopes below.</summary>
internal sealed class SymbolFinder(Symbols symbols)
{
    private Symbols symbols = symbols;

    public void VisitAll(IEnumerable<Node> nodes)
    {
        foreach (Node node in nodes)
            Visit(node);
    }

    /// <summary>Makes the names of a loop's target parameters of the scope.</summary>
    public void VisitTarget(Expression target)
    {
        Work.CheckStack();
        if (target is NameExpression name)
            symbols.Declare(name.Name);
        else
            VisitTargets(target);
    }

    public void Visit(Node node)
    {
        Work.CheckStack();
        switch (node)
        {
            case NameExpression { Use: NameUse.Load } name:
                symbols.Load(name.Name);
                break;
            case NameExpression { Use: NameUse.Store } name:
                symbols.Store(name.Name);
                break;
            case NameExpression name:
                symbols.Declare(name.Name);
                break;
            case NamespaceTarget target:
                symbols.Load(target.Name);
                break;
            case IfStatement branches:
                VisitIf(branches);
                break;
            case MacroStatement macro:
                symbols.Store(macro.Target.Name);
                break;
            case ForStatement loop:
                Visit(loop.Over);
                break;
            case CallStatement call:
                Visit(call.Call);
                break;
            case FilterStatement filter:
                Visit(filter.Filter);
                break;
            case WithStatement with:
                VisitAll(with.Values);
                break;
            case SetBlockStatement set:
                Visit(set.Target);
                break;
            case SetStatement set:
                Visit(set.Value);
                Visit(set.Target);
                break;
            case GenerationStatement:
                break;
            default:
                VisitAll(node.Children);
                break;
        }
    }

    private void VisitTargets(Expression target)
    {
        foreach (Node item in target.Children)
            VisitTarget((Expression)item);
    }

    private void VisitIf(IfStatement branches)
    {
        Visit(branches.Test);
        Symbols whole = symbols;
        Symbols then = InBranch(branches.Then),
            elseIfs = InBranch(branches.ElseIfs),
            otherwise = InBranch(branches.Else);
        symbols = whole;
        symbols.Merge(then, elseIfs, otherwise);

        Symbols InBranch(IEnumerable<Node> nodes)
        {
            Symbols branch = symbols = whole.Branch();
            VisitAll(nodes);
            symbols = whole;
            return branch;
        }
    }
}
