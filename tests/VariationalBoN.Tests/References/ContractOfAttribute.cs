namespace VariationalBoN.Tests.References;

/// <summary>Names the source that a class of <see cref="CompletionSourceContract"/> is about.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ContractOfAttribute(Type source) : Attribute
{
    public Type Source => source;
}
