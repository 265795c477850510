using System.Reflection;
using VariationalBoN.Extensions.AI.Pools;
using VariationalBoN.Orleans;
using VariationalBoN.Testing.Worlds;
using VariationalBoN.Transformers;

namespace VariationalBoN.Tests.References;

/// <summary>Whether the contract is held by all that there is.</summary>
[Trait("Tier", "fast")]
public sealed class CompletionSourceContractTests
{
    [Fact]
    public void Every_source_of_the_packages_holds_the_contract()
    {
        Assembly[] packages =
        [
            typeof(ICompletionSource).Assembly,
            typeof(PoolCompletionSource).Assembly,
            typeof(ClusterLearner).Assembly,
            typeof(EnumerableWorld).Assembly,
            typeof(PretrainedCausalLm).Assembly,
        ];
        Type[] held =
        [
            .. typeof(CompletionSourceContractTests)
                .Assembly.GetTypes()
                .Where(type => type.IsSubclassOf(typeof(CompletionSourceContract)) && !type.IsAbstract)
                .Select(type => type.GetCustomAttribute<ContractOfAttribute>()?.Source)
                .OfType<Type>(),
        ];

        Type[] sources =
        [
            .. packages
                .SelectMany(package => package.GetTypes())
                .Where(type => type.IsAssignableTo(typeof(ICompletionSource)) && type is { IsInterface: false, IsAbstract: false }),
        ];

        Assert.InRange(sources.Length, 4, int.MaxValue);
        Assert.Empty(sources.Except(held).Select(type => type.FullName));
    }
}
