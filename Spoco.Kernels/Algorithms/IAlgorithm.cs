namespace Spoco.Kernels;

/// <summary>One of the ways to compute an operation.</summary>
/// <typeparam name="TShape">What the choice depends on beside the device: the geometry.</typeparam>
internal interface IAlgorithm<TShape>
{
    /// <summary>Its name, unique within the operation: what it is forced by and reported as.</summary>
    string Name { get; }

    /// <summary>Whether it computes the operation for this geometry on a device that can do this.</summary>
    bool Runs(in Capabilities device, in TShape shape);

    /// <summary>Whether it is worth choosing there; where not, it still computes the operation when it is forced.</summary>
    bool Pays(in Capabilities device, in TShape shape) => true;
}
