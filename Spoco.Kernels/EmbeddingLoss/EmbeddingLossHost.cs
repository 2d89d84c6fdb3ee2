using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The passes on the host: a worker goes through the tiles of its share of the pixels. Sums are single precision within a tile and double
/// precision beyond it, per worker; the workers are added in their order.
/// </summary>
internal static unsafe class EmbeddingLossHost
{
    private const int Stride = PixelTile.Stride;

    /// <summary>Owner of the pixels that fill up a tile: no label has it.</summary>
    private const int NoOwner = -2;

    public static void ClusterSums(
        HostDevice host, EmbeddingLayout layout, DeviceBuffer<float> embeddings, PixelSegments segments, DeviceBuffer<float> sums)
    {
        var partials = host.Allocate<double>(host.Workers.Workers * sums.Length, nameof(ClusterSums));
        using var memory = partials.Memory;
        partials.Clear();
        fixed (int* imageClusters = segments.ImageClusters)
            host.Workers.Run(TilesPerImage(layout) * layout.Images, new ClusterBody(
                layout, embeddings.HostAddress, segments.Owners.HostAddress, imageClusters, partials.HostAddress, sums.Length));
        AddWorkers(host, partials.HostAddress, sums);
    }

    public static void Sums(
        HostDevice host, EmbeddingLossInputs inputs, bool gradient, DeviceBuffer<float> objects, DeviceBuffer<float> anchors,
        DeviceBuffer<float> lines)
    {
        var workers = host.Workers.Workers;
        var objectPartials = host.Allocate<double>(workers * objects.Length, nameof(EmbeddingLoss));
        var anchorPartials = host.Allocate<double>(workers * anchors.Length, nameof(EmbeddingLoss));
        var pixels = host.Allocate<float>(inputs.Terms.LineLength > 0 ? 2 * inputs.Layout.Count : 0, nameof(EmbeddingLoss));
        var scratch = host.Allocate<float>((long)workers * SumsBody.ScratchLength(inputs.Layout.Channels), nameof(EmbeddingLoss));
        using var objectMemory = objectPartials.Memory;
        using var anchorMemory = anchorPartials.Memory;
        using var pixelMemory = pixels.Memory;
        using var scratchMemory = scratch.Memory;
        objectPartials.Clear();
        anchorPartials.Clear();
        host.Workers.Run(TilesPerImage(inputs.Layout) * inputs.Layout.Images, new SumsBody(
            new Pointers(inputs), gradient, objectPartials.HostAddress, objects.Length, anchorPartials.HostAddress, anchors.Length,
            pixels.Length > 0 ? pixels.HostAddress : null, scratch.HostAddress));
        AddWorkers(host, objectPartials.HostAddress, objects);
        AddWorkers(host, anchorPartials.HostAddress, anchors);
        for (long line = 0; pixels.Length > 0 && line < lines.Length / 2; line++)
        {
            double overlap = 0, square = 0;
            for (var p = line * inputs.Terms.LineLength; p < (line + 1) * inputs.Terms.LineLength; p++)
            {
                overlap += pixels.HostAddress[2 * p];
                square += pixels.HostAddress[2 * p + 1];
            }

            lines.HostAddress[2 * line] = (float)overlap;
            lines.HostAddress[2 * line + 1] = (float)square;
        }
    }

    public static void Gradient(HostDevice host, EmbeddingLossInputs inputs, DeviceBuffer<float> shift, DeviceBuffer<float> gradient)
    {
        var layout = inputs.Layout;
        var partials = host.Allocate<double>(host.Workers.Workers * inputs.Anchors.Length, nameof(EmbeddingLoss));
        var scratch = host.Allocate<float>((long)host.Workers.Workers * GradientBody.ScratchLength(layout.Channels), nameof(EmbeddingLoss));
        var sums = host.Allocate<float>(inputs.Anchors.Length, nameof(EmbeddingLoss));
        using var memory = partials.Memory;
        using var scratchMemory = scratch.Memory;
        using var sumMemory = sums.Memory;
        partials.Clear();
        host.Workers.Run(TilesPerImage(layout) * layout.Images, new GradientBody(
            new Pointers(inputs), inputs.LineFactors.HostAddress, shift.HostAddress, gradient.HostAddress, partials.HostAddress,
            inputs.Anchors.Length,
            scratch.HostAddress));
        AddWorkers(host, partials.HostAddress, sums);
        for (var a = 0; a < inputs.AnchorPixels.Length; a++)
        {
            var pixel = gradient.HostAddress + (long)inputs.AnchorPixels.HostAddress[a] * layout.PixelStride + layout.ChannelOffset;
            for (var c = 0; c < layout.Channels; c++)
                pixel[c] -= sums.HostAddress[(long)a * layout.Channels + c];
        }
    }

    internal static int TilesPerImage(EmbeddingLayout layout) => (layout.Pixels - 1) / PixelTile.Pixels + 1;

    internal static void AddWorkers(HostDevice host, double* partials, DeviceBuffer<float> sums)
    {
        for (long i = 0; i < sums.Length; i++)
        {
            var sum = 0.0;
            for (var w = 0; w < host.Workers.Workers; w++)
                sum += partials[w * sums.Length + i];
            sums.HostAddress[i] = (float)sum;
        }
    }

    /// <summary>The inputs as addresses.</summary>
    private readonly struct Pointers(EmbeddingLossInputs inputs)
    {
        public readonly EmbeddingLossTerms Terms = inputs.Terms;
        public readonly EmbeddingLayout Layout = inputs.Layout;
        public readonly EmbeddingLayout MomentumLayout = inputs.MomentumLayout;
        public readonly float* Embeddings = inputs.Embeddings.HostAddress;
        public readonly float* Momentum = inputs.MomentumEmbeddings.HostAddress;
        public readonly int* Owners = inputs.Owners.HostAddress;
        public readonly ImageCentres* Images = inputs.Images.HostAddress;
        public readonly float* Objects = inputs.Objects.HostAddress;
        public readonly CentreFactors* ObjectFactors = inputs.ObjectFactors.HostAddress;
        public readonly float* Anchors = inputs.Anchors.HostAddress;
        public readonly float* MomentumAnchors = inputs.MomentumAnchors.HostAddress;
        public readonly CentreFactors* AnchorFactors = inputs.AnchorFactors.HostAddress;
    }

    /// <summary>One tile of the batch.</summary>
    internal readonly struct Tile
    {
        public Tile(EmbeddingLayout layout, int index)
        {
            var perImage = TilesPerImage(layout);
            Image = index / perImage;
            var first = index % perImage * PixelTile.Pixels;
            Count = Math.Min(PixelTile.Pixels, layout.Pixels - first);
            First = (long)Image * layout.Pixels + first;
        }

        public int Image { get; }

        /// <summary>First pixel, within the batch.</summary>
        public long First { get; }

        public int Count { get; }

        public void LoadEmbeddings(EmbeddingLayout layout, float* embeddings, float* tile) =>
            PixelTile.Load(embeddings + First * layout.PixelStride + layout.ChannelOffset, layout.PixelStride, layout.Channels, Count, tile);

        public void LoadOwners(int* owners, int* tile)
        {
            Buffer.MemoryCopy(owners + First, tile, Count * sizeof(int), Count * sizeof(int));
            new Span<int>(tile + Count, PixelTile.Pixels - Count).Fill(NoOwner);
        }
    }

    /// <summary>Adds runs of pixels of one owner, a register of channels at a time.</summary>
    private readonly struct ClusterBody(EmbeddingLayout layout, float* embeddings, int* owners, int* imageClusters, double* partials, long length)
        : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var sums = partials + worker * length;
            for (var index = from; index < until; index++)
            {
                var tile = new Tile(layout, index);
                var labels = owners + tile.First;
                for (var first = 0; first < tile.Count;)
                {
                    var last = first + 1;
                    while (last < tile.Count && labels[last] == labels[first])
                        last++;
                    var pixels = embeddings + (tile.First + first) * layout.PixelStride + layout.ChannelOffset;
                    AddRun(pixels, last - first, sums + (long)(imageClusters[tile.Image] + labels[first]) * layout.Channels);
                    first = last;
                }
            }
        }

        private void AddRun(float* pixels, int count, double* sums)
        {
            var c = 0;
            for (; c + Vector<float>.Count <= layout.Channels; c += Vector<float>.Count)
            {
                var s = Vector<float>.Zero;
                for (var p = 0; p < count; p++)
                    s += PixelTile.Read(pixels + (long)p * layout.PixelStride + c);
                for (var lane = 0; lane < Vector<float>.Count; lane++)
                    sums[c + lane] += s[lane];
            }

            for (; c < layout.Channels; c++)
            {
                for (var p = 0; p < count; p++)
                    sums[c] += pixels[(long)p * layout.PixelStride + c];
            }
        }
    }

    private readonly struct SumsBody(
        Pointers v, bool gradient, double* objectPartials, long objectLength, double* anchorPartials, long anchorLength, float* pixels,
        float* scratch)
        : IParallelBody
    {
        public static int ScratchLength(int channels) => (2 * channels + 7) * Stride;

        public void Execute(int from, int until, int worker)
        {
            var channels = v.Layout.Channels;
            var e = scratch + (long)worker * ScratchLength(channels);
            var g = e + channels * Stride;
            var work = g + channels * Stride;
            var owners = (int*)(work + 6 * Stride);
            var width = EmbeddingLoss.ObjectWidth(channels, gradient);
            for (var index = from; index < until; index++)
            {
                var tile = new Tile(v.Layout, index);
                var image = v.Images[tile.Image];
                tile.LoadEmbeddings(v.Layout, v.Embeddings, e);
                tile.LoadOwners(v.Owners, owners);
                var unlabelled = v.Terms.UnlabelledPush != 0 && Contains(owners, image.UnlabelledOwner);
                for (var k = 0; k < image.Objects; k++)
                    AddObject(e, owners, image, k, unlabelled, work, objectPartials + worker * objectLength + (long)(image.FirstObject + k) * width);
                if (image.Anchors == 0)
                    continue;
                tile.LoadEmbeddings(v.MomentumLayout, v.Momentum, g);
                AddAnchors(e, g, owners, image, work, anchorPartials + worker * anchorLength + (long)image.FirstAnchor * EmbeddingLoss.AnchorScalars);
                if (pixels is null)
                    continue;
                for (var p = 0; p < tile.Count; p++)
                {
                    pixels[2 * (tile.First + p)] = work[4 * Stride + p];
                    pixels[2 * (tile.First + p) + 1] = work[5 * Stride + p];
                }
            }
        }

        private void AddObject(float* e, int* owners, ImageCentres image, int k, bool unlabelled, float* work, double* sums)
        {
            var channels = v.Layout.Channels;
            var terms = v.Terms;
            var centre = v.Objects + (long)(image.FirstObject + k) * channels;
            var factors = v.ObjectFactors[image.FirstObject + k];
            var squares = work;
            var fixedWeights = work + Stride;
            var overlaps = work + 2 * Stride;
            var masks = work + 3 * Stride;
            var owner = image.FirstOwner + k;
            var present = Contains(owners, owner);
            var entropy = terms.Instance == MaskLoss.CrossEntropy;
            var dice = terms.Instance == MaskLoss.Dice;
            if (!present && !unlabelled && terms.Instance == MaskLoss.None)
                return;
            PixelTile.SquaredDistances(e, centre, channels, squares);
            Vector<float> pullSum = default, pushSum = default, overlapSum = default, squareSum = default;
            for (var p = 0; p < PixelTile.Pixels; p += Vector<float>.Count)
            {
                var x = PixelTile.Read(squares + p);
                var own = Vector.AsVectorSingle(Vector.Equals(PixelTile.Read(owners + p), new Vector<int>(owner)));
                var fixedWeight = Vector<float>.Zero;
                if (present || unlabelled)
                {
                    var d = Vector.SquareRoot(x);
                    var pull = own & Vector.MaxNative(d - new Vector<float>(terms.PullMargin), Vector<float>.Zero);
                    pullSum += pull * pull;
                    fixedWeight = new Vector<float>(factors.Pull) * pull;
                    if (unlabelled)
                    {
                        var free = Vector.AsVectorSingle(Vector.Equals(PixelTile.Read(owners + p), new Vector<int>(image.UnlabelledOwner)));
                        var push = Vector.AndNot(free, own) & Vector.MaxNative(new Vector<float>(terms.PushMargin) - d, Vector<float>.Zero);
                        pushSum += push * push;
                        fixedWeight += new Vector<float>(factors.UnlabelledPush) * push;
                    }

                    fixedWeight = DivideOrZero(fixedWeight, d);
                }

                if (dice)
                {
                    var mask = SoftMask.Mask(x, terms.Falloff);
                    var overlap = own & mask;
                    overlapSum += overlap;
                    squareSum += mask * mask;
                    overlap.Store(overlaps + p);
                    (mask * mask).Store(masks + p);
                }
                else if (entropy)
                {
                    var mask = SoftMask.Mask(x, terms.Falloff);
                    x *= terms.Falloff;
                    var q = own & Vector<float>.One;
                    overlapSum += SoftMask.CrossEntropy(x, mask, q);
                    fixedWeight += new Vector<float>(factors.CrossEntropy) * SoftMask.CrossEntropySlope(x, mask, q);
                }

                fixedWeight.Store(fixedWeights + p);
            }

            sums[0] += Vector.Sum(pullSum);
            sums[1] += Vector.Sum(pushSum);
            sums[2] += Vector.Sum(overlapSum);
            sums[3] += Vector.Sum(squareSum);
            if (!gradient)
                return;
            sums += EmbeddingLoss.ObjectScalars;
            if (present || unlabelled || entropy)
                PixelTile.AddWeightedSum(e, centre, channels, fixedWeights, sums);
            if (dice && present)
                PixelTile.AddWeightedSum(e, centre, channels, overlaps, sums + channels);
            if (dice && !Vector.EqualsAll(squareSum, Vector<float>.Zero))
                PixelTile.AddWeightedSum(e, centre, channels, masks, sums + 2 * channels);
        }

        /// <summary>Leaves the sums over the anchors for every pixel in the last two rows of <paramref name="work"/>.</summary>
        private void AddAnchors(float* e, float* g, int* owners, ImageCentres image, float* work, double* sums)
        {
            var channels = v.Layout.Channels;
            var squares = work;
            var momentumSquares = work + Stride;
            var uncovered = (int*)(work + 2 * Stride);
            for (var p = 0; p < PixelTile.Pixels; p += Vector<float>.Count)
            {
                Vector.Equals(PixelTile.Read(owners + p), new Vector<int>(image.UnlabelledOwner)).Store(uncovered + p);
                Vector<float>.Zero.Store(work + 4 * Stride + p);
                Vector<float>.Zero.Store(work + 5 * Stride + p);
            }

            for (var a = 0; a < image.Anchors; a++, sums += EmbeddingLoss.AnchorScalars)
            {
                var row = (long)(image.FirstAnchor + a) * channels;
                PixelTile.SquaredDistances(e, v.Anchors + row, channels, squares);
                PixelTile.SquaredDistances(g, v.MomentumAnchors + row, channels, momentumSquares);
                Vector<float> overlapSum = default, squareSum = default;
                var covered = Vector<int>.Zero;
                var margin = new Vector<float>(v.Terms.PullMargin * v.Terms.PullMargin);
                for (var p = 0; p < PixelTile.Pixels; p += Vector<float>.Count)
                {
                    var xf = PixelTile.Read(squares + p);
                    var xg = PixelTile.Read(momentumSquares + p);
                    var free = PixelTile.Read(uncovered + p);
                    var near = free & Vector.LessThan(Vector.MinNative(xf, xg), margin);
                    covered -= near;
                    Vector.AndNot(free, near).Store(uncovered + p);
                    var pf = SoftMask.Mask(xf, v.Terms.Falloff);
                    var pg = SoftMask.Mask(xg, v.Terms.Falloff);
                    var overlap = v.Terms.Consistency == MaskLoss.CrossEntropy ? SoftMask.CrossEntropy(xf * v.Terms.Falloff, pf, pg) : pf * pg;
                    var square = pf * pf + pg * pg;
                    overlapSum += overlap;
                    squareSum += square;
                    if (pixels is not null)
                    {
                        (PixelTile.Read(work + 4 * Stride + p) + overlap).Store(work + 4 * Stride + p);
                        (PixelTile.Read(work + 5 * Stride + p) + square).Store(work + 5 * Stride + p);
                    }
                }

                sums[0] += Vector.Sum(overlapSum);
                sums[1] += Vector.Sum(squareSum);
                sums[2] += Vector.Sum(covered);
            }
        }
    }

    private readonly struct GradientBody(
        Pointers v, float* lineFactors, float* shift, float* gradient, double* anchorPartials, long anchorLength, float* scratch) : IParallelBody
    {
        /// <summary>Centres whose weights are computed before they are applied together.</summary>
        private const int Rows = 4;

        public static int ScratchLength(int channels) => (3 * channels + Rows + 5) * Stride;

        public void Execute(int from, int until, int worker)
        {
            var channels = v.Layout.Channels;
            var e = scratch + (long)worker * ScratchLength(channels);
            var g = e + channels * Stride;
            var sum = g + channels * Stride;
            var weights = sum + channels * Stride;
            var squares = weights + Rows * Stride;
            var lines = squares + 2 * Stride;
            var owners = (int*)(lines + 2 * Stride);
            for (var index = from; index < until; index++)
            {
                var tile = new Tile(v.Layout, index);
                var image = v.Images[tile.Image];
                tile.LoadEmbeddings(v.Layout, v.Embeddings, e);
                tile.LoadOwners(v.Owners, owners);
                new Span<float>(sum, channels * Stride).Clear();
                var unlabelled = v.Terms.UnlabelledPush != 0 && Contains(owners, image.UnlabelledOwner);
                for (var first = 0; first < image.Objects; first += Rows)
                {
                    var rows = Math.Min(Rows, image.Objects - first);
                    var any = false;
                    for (var r = 0; r < rows; r++)
                        any |= ObjectWeights(e, owners, image, first + r, unlabelled, squares, weights + r * Stride);
                    if (any)
                        AddRows(e, v.Objects + (long)(image.FirstObject + first) * channels, rows, weights, sum, null);
                }

                if (image.Anchors > 0)
                {
                    tile.LoadEmbeddings(v.MomentumLayout, v.Momentum, g);
                    LoadLineFactors(tile, lines);
                }

                for (var first = 0; first < image.Anchors; first += Rows)
                {
                    var rows = Math.Min(Rows, image.Anchors - first);
                    var row = (long)(image.FirstAnchor + first) * channels;
                    var any = false;
                    for (var r = 0; r < rows; r++)
                        any |= AnchorWeights(e, g, image.FirstAnchor + first + r, lines, squares, weights + r * Stride);
                    if (any)
                        AddRows(e, v.Anchors + row, rows, weights, sum, anchorPartials + worker * anchorLength + row);
                }

                PixelTile.Store(sum, channels, tile.Count, owners, shift + (long)image.FirstCluster * channels,
                    gradient + tile.First * v.Layout.PixelStride + v.Layout.ChannelOffset, v.Layout.PixelStride);
            }
        }

        /// <summary>Adds what up to four centres do to the pixels, and, for anchors, what the pixels do to the centres.</summary>
        private void AddRows(float* e, float* centres, int rows, float* weights, float* sum, double* centreSums)
        {
            var channels = v.Layout.Channels;
            if (rows == Rows)
            {
                PixelTile.AddFourWeighted(e, centres, channels, weights, sum, centreSums);
                return;
            }

            for (var r = 0; r < rows; r++)
            {
                PixelTile.AddWeighted(e, centres + r * channels, channels, weights + r * Stride, sum);
                if (centreSums is not null)
                    PixelTile.AddWeightedSum(e, centres + r * channels, channels, weights + r * Stride, centreSums + r * channels);
            }
        }

        private void LoadLineFactors(Tile tile, float* lines)
        {
            for (var p = 0; p < tile.Count && v.Terms.LineLength > 0; p++)
            {
                var line = (tile.First + p) / v.Terms.LineLength;
                lines[p] = lineFactors[2 * line];
                lines[Stride + p] = lineFactors[2 * line + 1];
            }
        }

        /// <summary>The weights of one object; whether any is not 0.</summary>
        private bool ObjectWeights(float* e, int* owners, ImageCentres image, int k, bool unlabelled, float* squares, float* weights)
        {
            var terms = v.Terms;
            var factors = v.ObjectFactors[image.FirstObject + k];
            var owner = image.FirstOwner + k;
            var hinges = Contains(owners, owner) || unlabelled;
            if (!hinges && terms.Instance == MaskLoss.None)
            {
                new Span<float>(weights, PixelTile.Pixels).Clear();
                return false;
            }

            var any = Vector<float>.Zero;
            PixelTile.SquaredDistances(e, v.Objects + (long)(image.FirstObject + k) * v.Layout.Channels, v.Layout.Channels, squares);
            for (var p = 0; p < PixelTile.Pixels; p += Vector<float>.Count)
            {
                var x = PixelTile.Read(squares + p);
                var own = Vector.AsVectorSingle(Vector.Equals(PixelTile.Read(owners + p), new Vector<int>(owner)));
                var weight = Vector<float>.Zero;
                if (hinges)
                {
                    var d = Vector.SquareRoot(x);
                    weight = new Vector<float>(factors.Pull) * (own & Vector.MaxNative(d - new Vector<float>(terms.PullMargin), Vector<float>.Zero));
                    if (unlabelled)
                    {
                        var free = Vector.AsVectorSingle(Vector.Equals(PixelTile.Read(owners + p), new Vector<int>(image.UnlabelledOwner)));
                        weight += new Vector<float>(factors.UnlabelledPush)
                            * (Vector.AndNot(free, own) & Vector.MaxNative(new Vector<float>(terms.PushMargin) - d, Vector<float>.Zero));
                    }

                    weight = DivideOrZero(weight, d);
                }

                var mask = SoftMask.Mask(x, terms.Falloff);
                if (terms.Instance == MaskLoss.Dice)
                {
                    weight += mask * ((own & new Vector<float>(factors.Overlap)) + new Vector<float>(factors.Square) * mask);
                }
                else if (terms.Instance == MaskLoss.CrossEntropy)
                {
                    weight += new Vector<float>(factors.CrossEntropy) * SoftMask.CrossEntropySlope(x * terms.Falloff, mask, own & Vector<float>.One);
                }

                any |= weight;
                weight.Store(weights + p);
            }

            return !Vector.EqualsAll(any, Vector<float>.Zero);
        }

        /// <summary>The weights of one anchor; whether any is not 0.</summary>
        private bool AnchorWeights(float* e, float* g, int anchor, float* lines, float* squares, float* weights)
        {
            var terms = v.Terms;
            var factors = v.AnchorFactors[anchor];
            var any = Vector<float>.Zero;
            PixelTile.SquaredDistances(e, v.Anchors + (long)anchor * v.Layout.Channels, v.Layout.Channels, squares);
            PixelTile.SquaredDistances(g, v.MomentumAnchors + (long)anchor * v.Layout.Channels, v.Layout.Channels, squares + Stride);
            for (var p = 0; p < PixelTile.Pixels; p += Vector<float>.Count)
            {
                var x = PixelTile.Read(squares + p);
                var mask = SoftMask.Mask(x, terms.Falloff);
                var target = SoftMask.Mask(PixelTile.Read(squares + Stride + p), terms.Falloff);
                var overlap = terms.LineLength > 0 ? PixelTile.Read(lines + p) : new Vector<float>(factors.Overlap);
                var square = terms.LineLength > 0 ? PixelTile.Read(lines + Stride + p) : new Vector<float>(factors.Square);
                var weight = terms.Consistency == MaskLoss.CrossEntropy
                    ? new Vector<float>(factors.CrossEntropy) * SoftMask.CrossEntropySlope(x * terms.Falloff, mask, target)
                    : mask * (overlap * target + square * mask);
                any |= weight;
                weight.Store(weights + p);
            }

            return !Vector.EqualsAll(any, Vector<float>.Zero);
        }
    }

    private static bool Contains(int* owners, int owner) => new ReadOnlySpan<int>(owners, PixelTile.Pixels).Contains(owner);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> DivideOrZero(Vector<float> numerator, Vector<float> d) =>
        Vector.ConditionalSelect(Vector.GreaterThan(d, Vector<float>.Zero), numerator / d, Vector<float>.Zero);
}
