// Generated from the OpenAPI document (npm run generate:client). Do not edit.
export interface paths {
    "/oauth2/auth": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Authenticate a request for a gateway
         * @description For nginx auth_request, Traefik ForwardAuth and Envoy ext_authz. Accepts every method and every subpath, with the same result.
         */
        get: operations["checkForwardedRequest"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /**
         * Authenticate a request for a gateway: headers only
         * @description For nginx auth_request, Traefik ForwardAuth and Envoy ext_authz. Accepts every method and every subpath, with the same result.
         */
        head: operations["headCheckForwardedRequest"];
        patch?: never;
        trace?: never;
    };
    "/apis/ghippo.io/v1alpha1/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a token for a key pair
         * @description The key pair is in the query, which proxies log, or in Authorization: Basic.
         */
        get: operations["getToken"];
        put?: never;
        /**
         * Get a token for a key pair
         * @description The key pair is in the body or in Authorization: Basic; cycle and audience are in the body or in the query.
         */
        post: operations["createToken"];
        delete?: never;
        options?: never;
        /**
         * Get a token for a key pair: headers only
         * @description The key pair is in the query, which proxies log, or in Authorization: Basic.
         */
        head: operations["headGetToken"];
        patch?: never;
        trace?: never;
    };
    "/api/v1/cube/key/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a token for a key pair
         * @description The key pair is in the query, which proxies log, or in Authorization: Basic.
         */
        get: operations["getTokenByFormerPath"];
        put?: never;
        /**
         * Get a token for a key pair
         * @description The key pair is in the body or in Authorization: Basic; cycle and audience are in the body or in the query.
         */
        post: operations["createTokenByFormerPath"];
        delete?: never;
        options?: never;
        /**
         * Get a token for a key pair: headers only
         * @description The key pair is in the query, which proxies log, or in Authorization: Basic.
         */
        head: operations["headGetTokenByFormerPath"];
        patch?: never;
        trace?: never;
    };
    "/apis/ghippo.io/v1alpha1/certs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the public keys that verify tokens */
        get: operations["getSigningKeys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /** Get the public keys that verify tokens: headers only */
        head: operations["headGetSigningKeys"];
        patch?: never;
        trace?: never;
    };
    "/.well-known/jwks.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the public keys that verify tokens */
        get: operations["getJsonWebKeySet"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /** Get the public keys that verify tokens: headers only */
        head: operations["headGetJsonWebKeySet"];
        patch?: never;
        trace?: never;
    };
    "/oauth2/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Request a token with client credentials or a token exchange
         * @description Client credentials (RFC 6749 section 4.4): the client is the key pair. Token exchange (RFC 8693): the subject token is a ServiceAccount token, or a token of a trusted issuer, which can also be an assertion (RFC 7523).
         */
        post: operations["requestToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/oauth2/introspect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Introspect a token
         * @description RFC 7662. Tokens of other users require the permission to create tokenreviews.authentication.k8s.io.
         */
        post: operations["introspectToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/openid-configuration": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the metadata of this server */
        get: operations["getOpenIdConfiguration"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /** Get the metadata of this server: headers only */
        head: operations["headGetOpenIdConfiguration"];
        patch?: never;
        trace?: never;
    };
    "/.well-known/oauth-authorization-server": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the metadata of this server */
        get: operations["getAuthorizationServerMetadata"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /** Get the metadata of this server: headers only */
        head: operations["headGetAuthorizationServerMetadata"];
        patch?: never;
        trace?: never;
    };
    "/apis/kpanda.io/v1alpha1/clusters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List clusters
         * @description Sorted by name. Contains the clusters in which the user may list deployments in at least one namespace.
         */
        get: operations["listClusters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /**
         * List clusters: headers only
         * @description Sorted by name. Contains the clusters in which the user may list deployments in at least one namespace.
         */
        head: operations["headListClusters"];
        patch?: never;
        trace?: never;
    };
    "/apis/kpanda.io/v1alpha1/clusters/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a cluster
         * @description Requires permission to list deployments in at least one namespace of the cluster.
         */
        get: operations["getCluster"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /**
         * Get a cluster: headers only
         * @description Requires permission to list deployments in at least one namespace of the cluster.
         */
        head: operations["headGetCluster"];
        patch?: never;
        trace?: never;
    };
    "/apis/kpanda.io/v1alpha1/clusters/{cluster}/namespaces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the namespaces of a cluster
         * @description Contains the names of the namespaces in which the user may list deployments.
         */
        get: operations["listClusterNamespaces"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /**
         * List the namespaces of a cluster: headers only
         * @description Contains the names of the namespaces in which the user may list deployments.
         */
        head: operations["headListClusterNamespaces"];
        patch?: never;
        trace?: never;
    };
    "/apis/kpanda.io/v1alpha1/asl/namespaces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the namespaces of all clusters
         * @description Contains the names of the namespaces in which the user may list deployments.
         */
        get: operations["listNamespaces"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /**
         * List the namespaces of all clusters: headers only
         * @description Contains the names of the namespaces in which the user may list deployments.
         */
        head: operations["headListNamespaces"];
        patch?: never;
        trace?: never;
    };
    "/apis/kpanda.io/v1alpha1/clusters/{cluster}/deployments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the deployments of a cluster */
        get: operations["listDeployments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /** List the deployments of a cluster: headers only */
        head: operations["headListDeployments"];
        patch?: never;
        trace?: never;
    };
    "/apis/kpanda.io/v1alpha1/clusters/{cluster}/namespaces/{namespace}/deployments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the deployments of a namespace */
        get: operations["listNamespaceDeployments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /** List the deployments of a namespace: headers only */
        head: operations["headListNamespaceDeployments"];
        patch?: never;
        trace?: never;
    };
    "/apis/kpanda.io/v1alpha1/clusters/{cluster}/namespaces/{namespace}/deployments/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a deployment */
        get: operations["getDeployment"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /** Get a deployment: headers only */
        head: operations["headGetDeployment"];
        patch?: never;
        trace?: never;
    };
    "/apis/kpanda.io/v1alpha1/asl/deployments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the deployments of all clusters */
        get: operations["listDeploymentsOfAllClusters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /** List the deployments of all clusters: headers only */
        head: operations["headListDeploymentsOfAllClusters"];
        patch?: never;
        trace?: never;
    };
    "/apis/ghippo.io/v1alpha1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List users
         * @description Sorted by name. Requires permission to list accesskeys.ghippo.io in all namespaces.
         */
        get: operations["listUsers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /**
         * List users: headers only
         * @description Sorted by name. Requires permission to list accesskeys.ghippo.io in all namespaces.
         */
        head: operations["headListUsers"];
        patch?: never;
        trace?: never;
    };
    "/apis/ghippo.io/v1alpha1/current-user": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the user of the token */
        get: operations["getCurrentUser"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /** Get the user of the token: headers only */
        head: operations["headGetCurrentUser"];
        patch?: never;
        trace?: never;
    };
    "/apis/ghippo.io/v1alpha1/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a user by ID
         * @description To get another user, the caller needs permission to get accesskeys.ghippo.io in all namespaces.
         */
        get: operations["getUser"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /**
         * Get a user by ID: headers only
         * @description To get another user, the caller needs permission to get accesskeys.ghippo.io in all namespaces.
         */
        head: operations["headGetUser"];
        patch?: never;
        trace?: never;
    };
    "/apis/ghippo.io/v1alpha1/users/username/{username}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a user by name
         * @description To get another user, the caller needs permission to get accesskeys.ghippo.io in all namespaces.
         */
        get: operations["getUserByName"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /**
         * Get a user by name: headers only
         * @description To get another user, the caller needs permission to get accesskeys.ghippo.io in all namespaces.
         */
        head: operations["headGetUserByName"];
        patch?: never;
        trace?: never;
    };
    "/apis/ghippo.io/v1alpha1/users/{id}/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the groups of a user
         * @description Sorted by name. For another user, the caller needs permission to get accesskeys.ghippo.io in all namespaces.
         */
        get: operations["listUserGroups"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /**
         * List the groups of a user: headers only
         * @description Sorted by name. For another user, the caller needs permission to get accesskeys.ghippo.io in all namespaces.
         */
        head: operations["headListUserGroups"];
        patch?: never;
        trace?: never;
    };
    "/apis/ghippo.io/v1alpha1/users/{id}/subjects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the roles of a user in the platform
         * @description Always empty: there are no roles of the platform here. For another user, the caller needs permission to get accesskeys.ghippo.io in all namespaces.
         */
        get: operations["listUserSubjects"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /**
         * List the roles of a user in the platform: headers only
         * @description Always empty: there are no roles of the platform here. For another user, the caller needs permission to get accesskeys.ghippo.io in all namespaces.
         */
        head: operations["headListUserSubjects"];
        patch?: never;
        trace?: never;
    };
    "/apis/ghippo.io/v1alpha1/current-user/global-permissions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get what the user of the token may do
         * @description Contains only permissions for operations of this API.
         */
        get: operations["getGlobalPermissions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /**
         * Get what the user of the token may do: headers only
         * @description Contains only permissions for operations of this API.
         */
        head: operations["headGetGlobalPermissions"];
        patch?: never;
        trace?: never;
    };
    "/apis/ghippo.io/v1alpha1/keypairs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List key pairs with owner, age, last use and expiry
         * @description The key pairs of all namespaces in which the caller has permission to list accesskeys.ghippo.io, sorted by namespace and AccessKey. CSV (RFC 4180) contains all of them, and a quote precedes text that a spreadsheet would execute.
         */
        get: operations["listKeyPairs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /**
         * List key pairs with owner, age, last use and expiry: headers only
         * @description The key pairs of all namespaces in which the caller has permission to list accesskeys.ghippo.io, sorted by namespace and AccessKey. CSV (RFC 4180) contains all of them, and a quote precedes text that a spreadsheet would execute.
         */
        head: operations["headListKeyPairs"];
        patch?: never;
        trace?: never;
    };
    "/apis/ghippo.io/v1alpha1/current-user/accesstoken": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create an access token for the user of the token
         * @description Adds a key pair with this name to the AccessKey of the user, and returns a token that is valid as long as this key pair. An access token cannot create access tokens.
         */
        post: operations["createAccessToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/apis/ghippo.io/v1alpha1/current-user/accesstokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the access tokens of the user of the token
         * @description The tokens themselves cannot be read again.
         */
        get: operations["listAccessTokens"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /**
         * List the access tokens of the user of the token: headers only
         * @description The tokens themselves cannot be read again.
         */
        head: operations["headListAccessTokens"];
        patch?: never;
        trace?: never;
    };
    "/apis/ghippo.io/v1alpha1/current-user/accesstokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete an access token of the user of the token
         * @description Deletes its key pair: the operator rejects its tokens immediately.
         */
        delete: operations["deleteAccessToken"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/apis/ghippo.io/v1alpha1/users/{id}/accesstoken": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create an access token for a user
         * @description Adds a key pair with this name to the AccessKey of the user, and returns a token that is valid as long as this key pair. An access token cannot create access tokens. For another user, the caller needs permission to get accesskeys.ghippo.io in all namespaces and, except to list, to patch the AccessKey of the user and to impersonate the user and each of their groups.
         */
        post: operations["createUserAccessToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/apis/ghippo.io/v1alpha1/users/{id}/accesstokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the access tokens of a user
         * @description The tokens themselves cannot be read again. For another user, the caller needs permission to get accesskeys.ghippo.io in all namespaces and, except to list, to patch the AccessKey of the user and to impersonate the user and each of their groups.
         */
        get: operations["listUserAccessTokens"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /**
         * List the access tokens of a user: headers only
         * @description The tokens themselves cannot be read again. For another user, the caller needs permission to get accesskeys.ghippo.io in all namespaces and, except to list, to patch the AccessKey of the user and to impersonate the user and each of their groups.
         */
        head: operations["headListUserAccessTokens"];
        patch?: never;
        trace?: never;
    };
    "/apis/ghippo.io/v1alpha1/users/{id}/accesstokens/{aid}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete an access token of a user
         * @description Deletes its key pair: the operator rejects its tokens immediately. For another user, the caller needs permission to get accesskeys.ghippo.io in all namespaces and, except to list, to patch the AccessKey of the user and to impersonate the user and each of their groups.
         */
        delete: operations["deleteUserAccessToken"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/apis/ghippo.io/v1alpha1/about/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the version of the operator */
        get: operations["listVersions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /** Get the version of the operator: headers only */
        head: operations["headListVersions"];
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the OpenAPI document of this API */
        get: operations["getDocument"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /** Get the OpenAPI document of this API: headers only */
        head: operations["headGetDocument"];
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Error: {
            /**
             * @description gRPC status code
             * @example 3
             */
            code: number;
            /**
             * @description Human-readable message
             * @example cycle: must be 30 at most
             */
            message: string;
            /** @description For an invalid request, a google.rpc.BadRequest that names each invalid field */
            details: ({
                "@type": string;
            } & {
                [key: string]: unknown;
            })[];
        };
        /** @description A signed token for the header Authorization: Bearer. */
        Token: {
            /** @description JWT (RFC 7519) */
            token: string;
        };
        /** @description RFC 7517 section 5 */
        JsonWebKeySet: {
            keys: ({
                kty: string;
                kid: string;
            } & {
                [key: string]: unknown;
            })[];
        } & {
            [key: string]: unknown;
        };
        /** @description RFC 6749 section 5.1, RFC 8693 section 2.2.1 */
        OAuthToken: {
            /** @description JWT (RFC 7519) */
            access_token: string;
            /** @enum {string} */
            token_type: "Bearer";
            /** @description Seconds */
            expires_in: number;
            /** @description Only for a token exchange */
            issued_token_type?: string;
        };
        /** @description RFC 6749 section 5.2 */
        OAuthError: {
            error: string;
            error_description: string;
        };
        Introspection: {
            active: boolean;
        } & {
            [key: string]: unknown;
        };
        /** @description RFC 8414 section 2 */
        ServerMetadata: {
            issuer: string;
            token_endpoint: string;
            jwks_uri: string;
        } & {
            [key: string]: unknown;
        };
        /** @description One page of clusters. */
        ClusterList: {
            items: components["schemas"]["Cluster"][];
            pagination: components["schemas"]["Pagination"];
        };
        /** @description A cluster, in the format of the kpanda API. */
        Cluster: {
            metadata: components["schemas"]["ObjectMeta"];
            spec: components["schemas"]["ClusterSpec"];
            status: components["schemas"]["ClusterStatus"];
        };
        /** @description Metadata of the object. */
        ObjectMeta: {
            name: string;
            namespace: string;
            uid: string;
            resourceVersion: string;
            /**
             * Format: int64
             * @description Unix time in seconds.
             */
            creationTimestamp: string;
            /**
             * Format: int64
             * @description Unix time in seconds; "0" if the object is not being deleted.
             */
            deletionTimestamp: string;
            labels: {
                [key: string]: string;
            };
            annotations: {
                [key: string]: string;
            };
            ownerReferences: components["schemas"]["OwnerReference"][];
            /** @description Cluster of the object; "" in a pod template. */
            cluster: string;
            /** @description Always "": there are no workspaces. */
            workspaceAlias: string;
        };
        /** @description An owner of the object. */
        OwnerReference: {
            uid: string;
            controller: boolean;
            name: string;
            kind: string;
            apiVersion: string;
            blockOwnerDeletion: boolean;
        };
        /** @description Desired state. */
        ClusterSpec: {
            /**
             * @description Always empty.
             * @example
             */
            aliasName: string;
        };
        /** @description Observed state. */
        ClusterStatus: {
            /**
             * @description Running while the operator watches the cluster, Unknown otherwise. No other value is returned.
             * @example Running
             * @enum {string}
             */
            phase: "CLUSTER_PHASE_UNSPECIFIED" | "Unknown" | "Creating" | "Running" | "Updating" | "Deleting" | "Failed" | "DeleteFailed";
        };
        /** @description Position of the page in the list. */
        Pagination: {
            /**
             * Format: int32
             * @description Items on all pages.
             */
            total: number;
            /**
             * Format: int32
             * @description Page number, starting at 1.
             */
            page: number;
            /** Format: int32 */
            pageSize: number;
            /**
             * Format: int32
             * @description 0 if there are no items.
             */
            pages: number;
        };
        /** @description One page of namespaces. */
        NamespaceList: {
            items: components["schemas"]["Namespace"][];
            pagination: components["schemas"]["Pagination"];
        };
        /** @description A namespace, in the format of the kpanda API: its name and cluster. */
        Namespace: {
            metadata: components["schemas"]["ObjectMeta"];
        };
        /** @description One page of Deployments. */
        DeploymentList: {
            items: components["schemas"]["Deployment"][];
            pagination: components["schemas"]["Pagination"];
        };
        /** @description A Deployment, in the format of the kpanda API. */
        Deployment: {
            metadata: components["schemas"]["ObjectMeta"];
            spec: components["schemas"]["DeploymentSpec"];
            status: components["schemas"]["DeploymentStatus"];
            /**
             * Format: int64
             * @description Revision of the rollout; "0" if unknown.
             */
            revision: string;
        };
        /** @description Desired state. */
        DeploymentSpec: {
            template: components["schemas"]["PodTemplateSpec"] | null;
            strategy: components["schemas"]["UpdateStrategy"] | null;
            paused: boolean;
        };
        /** @description Template of the pods of the Deployment. */
        PodTemplateSpec: {
            metadata: components["schemas"]["ObjectMeta"] | null;
            spec: components["schemas"]["PodSpec"] | null;
        };
        /** @description Specification of the pod. */
        PodSpec: {
            volumes: components["schemas"]["Volume"][];
            initContainers: components["schemas"]["Container"][];
            containers: components["schemas"]["Container"][];
            ephemeralContainers: components["schemas"]["EphemeralContainer"][];
            restartPolicy: string;
            nodeName: string;
            hostNetwork: boolean;
            affinity: components["schemas"]["Affinity"] | null;
            tolerations: components["schemas"]["Toleration"][];
        };
        /** @description A volume of the pod. At most one source is set; all are null for a kind that this API does not return. */
        Volume: {
            name: string;
            hostPath: components["schemas"]["HostPathVolumeSource"] | null;
            emptyDir: components["schemas"]["EmptyDirVolumeSource"] | null;
            secret: components["schemas"]["SecretVolumeSource"] | null;
            persistentVolumeClaim: components["schemas"]["PersistentVolumeClaimVolumeSource"] | null;
            downwardAPI: components["schemas"]["DownwardAPIVolumeSource"] | null;
            configMap: components["schemas"]["ConfigMapVolumeSource"] | null;
        };
        /** @description A file or directory of the node. */
        HostPathVolumeSource: {
            path: string;
            type: string;
        };
        /** @description An empty directory with the lifetime of the pod. */
        EmptyDirVolumeSource: {
            medium: string;
            /**
             * Format: int64
             * @description Bytes; "0" if there is no limit.
             */
            sizeLimit: string;
        };
        /** @description Files from a Secret. Its name and keys are returned, never its values. */
        SecretVolumeSource: {
            secretName: string;
            items: components["schemas"]["KeyToPath"][];
            /** Format: int32 */
            defaultMode: number;
            optional: boolean;
        };
        /** @description Maps one key of a Secret or ConfigMap to a path in the volume. */
        KeyToPath: {
            key: string;
            path: string;
            /** Format: int32 */
            mode: number;
        };
        /** @description The volume bound to a PersistentVolumeClaim. */
        PersistentVolumeClaimVolumeSource: {
            claimName: string;
            readOnly: boolean;
        };
        /** @description Files with information about the pod. */
        DownwardAPIVolumeSource: {
            items: components["schemas"]["DownwardAPIVolumeFile"][];
            /**
             * Format: int32
             * @description Spelled with a capital letter as in the kpanda API.
             */
            DefaultMode: number;
        };
        /** @description One file with information about the pod. */
        DownwardAPIVolumeFile: {
            path: string;
            fieldRef: components["schemas"]["ObjectFieldSelector"] | null;
            resourceFieldRef: components["schemas"]["ResourceFieldSelector"] | null;
            /** Format: int32 */
            mode: number;
        };
        /** @description A reference to a field of the pod. */
        ObjectFieldSelector: {
            apiVersion: string;
            fieldPath: string;
        };
        /** @description A reference to a limit or request of a container. */
        ResourceFieldSelector: {
            containerName: string;
            resource: string;
        };
        /** @description Files from a ConfigMap. */
        ConfigMapVolumeSource: {
            name: string;
            items: components["schemas"]["KeyToPath"][];
            /** Format: int32 */
            defaultMode: number;
            optional: boolean;
        };
        /** @description A container of the pod. */
        Container: {
            name: string;
            image: string;
            command: string[];
            args: string[];
            workingDir: string;
            ports: components["schemas"]["Ports"][];
            envFrom: components["schemas"]["EnvFromSource"][];
            env: components["schemas"]["EnvVar"][];
            resources: components["schemas"]["ResourceRequirements"] | null;
            volumeMounts: components["schemas"]["VolumeMount"][];
            livenessProbe: components["schemas"]["Probe"] | null;
            readinessProbe: components["schemas"]["Probe"] | null;
            startupProbe: components["schemas"]["Probe"] | null;
            lifecycle: components["schemas"]["Lifecycle"] | null;
            imagePullPolicy: string;
            securityContext: components["schemas"]["SecurityContext"] | null;
        };
        /** @description A port of the container. */
        Ports: {
            /** Format: int32 */
            containerPort: number;
            /** Format: int32 */
            hostPort: number;
            name: string;
            protocol: string;
        };
        /** @description Environment variables from all keys of one object. */
        EnvFromSource: {
            prefix: string;
            configMapRef: components["schemas"]["ConfigMapEnvSource"] | null;
            secretRef: components["schemas"]["SecretEnvSource"] | null;
        };
        /** @description All keys of a ConfigMap as environment variables. */
        ConfigMapEnvSource: {
            name: string;
            optional: boolean;
        };
        /** @description All keys of a Secret as environment variables. Only the name of the Secret is returned. */
        SecretEnvSource: {
            name: string;
            optional: boolean;
        };
        /** @description An environment variable, with a literal value or a source. */
        EnvVar: {
            name: string;
            value: string;
            valueFrom: components["schemas"]["EnvVarSource"] | null;
        };
        /** @description Source of the value of an environment variable. */
        EnvVarSource: {
            fieldRef: components["schemas"]["ObjectFieldSelector"] | null;
            resourceFieldRef: components["schemas"]["ResourceFieldSelector"] | null;
            /** @description Spelled with a capital letter as in the kpanda API. */
            ConfigMapKeyRef: components["schemas"]["ConfigMapKeySelector"] | null;
            secretKeyRef: components["schemas"]["SecretKeySelector"] | null;
        };
        /** @description One key of a ConfigMap. */
        ConfigMapKeySelector: {
            name: string;
            key: string;
            optional: boolean;
        };
        /** @description One key of a Secret. Only the names are returned, never the value. */
        SecretKeySelector: {
            name: string;
            key: string;
            optional: boolean;
        };
        /** @description Resource requests and limits of the container. */
        ResourceRequirements: {
            limits: components["schemas"]["ResourceList"] | null;
            requests: components["schemas"]["ResourceList"] | null;
        };
        /** @description Amounts of compute resources. */
        ResourceList: {
            /** @description Thousandths of a CPU, a decimal integer; "" if unset. */
            cpu: string;
            /** @description Bytes, a decimal integer; "" if unset. */
            memory: string;
            /** @description Bytes of ephemeral storage, a decimal integer; "" if unset. */
            storage: string;
            /** @description All resources by name, as Kubernetes quantities. */
            resources: {
                [key: string]: string;
            };
        };
        /** @description A volume mounted in the container. */
        VolumeMount: {
            name: string;
            readOnly: boolean;
            mountPath: string;
            subPath: string;
            mountPropagation: string;
            subPathExpr: string;
        };
        /** @description A health check. All actions are null for a kind that this API does not return. */
        Probe: {
            /** Format: int32 */
            failureThreshold: number;
            /** Format: int32 */
            periodSeconds: number;
            /** Format: int32 */
            successThreshold: number;
            /** Format: int32 */
            timeoutSeconds: number;
            /** Format: int32 */
            initialDelaySeconds: number;
            /**
             * Format: int64
             * @description "0" if the value of the pod applies.
             */
            terminationGracePeriodSeconds: string;
            httpGet: components["schemas"]["HTTPGetAction"] | null;
            exec: components["schemas"]["ExecAction"] | null;
            tcpSocket: components["schemas"]["TCPSocketAction"] | null;
        };
        /** @description Sends an HTTP request. */
        HTTPGetAction: {
            path: string;
            /** @description Port number or name. */
            port: string;
            host: string;
            scheme: string;
        };
        /** @description Runs a command in the container. */
        ExecAction: {
            command: string[];
        };
        /** @description Opens a TCP connection. */
        TCPSocketAction: {
            /**
             * Format: int32
             * @description Port number. A name is resolved among the ports of the container; 0 if it is not found.
             */
            port: number;
            host: string;
        };
        /** @description Hooks that run after a container starts and before it stops. */
        Lifecycle: {
            /** @description Spelled with a capital letter as in the kpanda API. */
            PostStart: components["schemas"]["Handler"] | null;
            preStop: components["schemas"]["Handler"] | null;
        };
        /** @description Action of a lifecycle hook. */
        Handler: {
            exec: components["schemas"]["ExecAction"] | null;
            httpGet: components["schemas"]["HTTPGetAction"] | null;
            /** @description Spelled with capital letters as in the kpanda API. */
            TCPSocket: components["schemas"]["TCPSocketAction"] | null;
        };
        /** @description Privileges of the container. */
        SecurityContext: {
            privileged: boolean;
            /**
             * Format: int64
             * @description Numeric user ID; also "0" if unset.
             */
            runAsUser: string;
        };
        /** @description A container added to a running pod for debugging. */
        EphemeralContainer: {
            ephemeralContainerCommon: components["schemas"]["Container"] | null;
            targetContainerName: string;
        };
        /** @description Scheduling constraints of the pod. */
        Affinity: {
            nodeAffinity: components["schemas"]["NodeAffinity"] | null;
            podAffinity: components["schemas"]["PodAffinity"] | null;
            podAntiAffinity: components["schemas"]["PodAffinity"] | null;
        };
        /** @description Nodes on which the pod must or should run. */
        NodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: components["schemas"]["NodeSelector"] | null;
            preferredDuringSchedulingIgnoredDuringExecution: components["schemas"]["PreferredSchedulingTerm"][];
        };
        /** @description Terms, one of which must match. */
        NodeSelector: {
            nodeSelectorTerms: components["schemas"]["NodeSelectorTerm"][];
        };
        /** @description Requirements on a node, all of which must match. */
        NodeSelectorTerm: {
            matchExpressions: components["schemas"]["NodeSelectorRequirement"][];
            matchFields: components["schemas"]["NodeSelectorRequirement"][];
        };
        /** @description A requirement on one label or field of a node: In, NotIn, Exists, DoesNotExist, Gt or Lt. */
        NodeSelectorRequirement: {
            key: string;
            operator: string;
            values: string[];
        };
        /** @description A preferred node, with its weight. */
        PreferredSchedulingTerm: {
            /** Format: int32 */
            weight: number;
            preference: components["schemas"]["NodeSelectorTerm"] | null;
        };
        /** @description Pods to run close to or, as anti-affinity, away from. */
        PodAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: components["schemas"]["PodAffinityTerm"][];
            preferredDuringSchedulingIgnoredDuringExecution: components["schemas"]["WeightedPodAffinityTerm"][];
        };
        /** @description Pods to run close to or away from, and the topology domain that counts as close. */
        PodAffinityTerm: {
            labelSelector: components["schemas"]["LabelSelector"] | null;
            namespaces: string[];
            topologyKey: string;
            namespaceSelector: components["schemas"]["LabelSelector"] | null;
        };
        /** @description Selects objects by label. All requirements must match. An empty selector selects everything, null nothing. */
        LabelSelector: {
            matchLabels: {
                [key: string]: string;
            };
            matchExpressions: components["schemas"]["LabelSelectorRequirement"][];
        };
        /** @description A requirement on one label: In, NotIn, Exists or DoesNotExist. */
        LabelSelectorRequirement: {
            key: string;
            operator: string;
            values: string[];
        };
        /** @description A preference about other pods, with its weight. */
        WeightedPodAffinityTerm: {
            /** Format: int32 */
            weight: number;
            podAffinityTerm: components["schemas"]["PodAffinityTerm"] | null;
        };
        /** @description A node taint that the pod tolerates. */
        Toleration: {
            key: string;
            operator: string;
            value: string;
            effect: string;
            /**
             * Format: int64
             * @description Also "0" if the taint is tolerated forever.
             */
            tolerationSeconds: string;
        };
        /** @description How old pods are replaced by new ones. */
        UpdateStrategy: {
            rollingUpdate: components["schemas"]["RollingUpdate"] | null;
            type: string;
        };
        /** @description How many pods a rollout may create above, or remove below, the desired number. */
        RollingUpdate: {
            /** @description Number of pods, or a percentage. */
            maxSurge: string;
            /** @description Number of pods, or a percentage. */
            maxUnavailable: string;
        };
        /** @description Observed state. */
        DeploymentStatus: {
            /** Format: int32 */
            availableReplicas: number;
            /** Format: int32 */
            readyReplicas: number;
            /**
             * Format: int32
             * @description Existing pods, not the desired number.
             */
            replicas: number;
            state: components["schemas"]["WorkloadState"];
            conditions: components["schemas"]["Condition"][];
        };
        /**
         * @description State of a workload. The first value is never returned.
         * @enum {string}
         */
        WorkloadState: "WORKLOAD_STATE_UNSPECIFIED" | "Running" | "Deleting" | "Not_Ready" | "Stopped" | "Waiting";
        /** @description A condition of the Deployment. */
        Condition: {
            /** @description RFC 3339. */
            lastTransitionTime: string;
            /** @description RFC 3339. */
            lastUpdateTime: string;
            message: string;
            reason: string;
            /** @description True, False or Unknown. */
            status: string;
            type: string;
        };
        /** @description One page of users. */
        UserList: {
            items: components["schemas"]["User"][];
            pagination: components["schemas"]["UserPagination"];
        };
        /** @description A user who has an AccessKey. */
        User: {
            /**
             * @description ID of the user: the sub claim of the tokens.
             * @example 94dbbd6a-12a3-4a67-85a8-a97cf5a1a953
             */
            id: string;
            /**
             * @description Kubernetes username.
             * @example alice
             */
            name: string;
            /**
             * @description Email address.
             * @example alice@example.com
             */
            email: string;
            /**
             * @description Purpose of the user.
             * @example Shop team
             */
            description: string;
            /**
             * @description First name.
             * @example Alice
             */
            firstname: string;
            /**
             * @description Last name.
             * @example Miller
             */
            lastname: string;
            /**
             * @description Origin of the account. Always locale.
             * @example locale
             */
            source: string;
            /** @description Whether the user can get tokens. False while suspended. */
            enabled: boolean;
            /**
             * @description Creation time of the AccessKey. Milliseconds since the epoch.
             * @example 1767254400000
             */
            createdAt: string;
            /**
             * @description Time of the last change of the AccessKey, ignoring its status; 0 if it was never changed. Milliseconds since the epoch.
             * @example 1767340800000
             */
            updatedAt: string;
            /**
             * @description Last use of a key pair or one of its tokens, up to a minute old; 0 if never used. Milliseconds since the epoch.
             * @example 1767427200000
             */
            lastLoginAt: string;
            /**
             * @description Whether the user can be granted rights in the platform. Always false.
             * @example false
             */
            canAuthorize: boolean;
        };
        /** @description Position of the page in the list. */
        UserPagination: {
            /**
             * Format: int32
             * @description Page number, starting at 1.
             * @example 1
             */
            page: number;
            /**
             * Format: int32
             * @example 10
             */
            pageSize: number;
            /**
             * Format: int32
             * @description Items on all pages.
             * @example 1
             */
            total: number;
        };
        /** @description The user of the token. */
        CurrentUser: {
            /**
             * @description ID of the user: the sub claim of the tokens.
             * @example 94dbbd6a-12a3-4a67-85a8-a97cf5a1a953
             */
            uid: string;
            /**
             * @description Kubernetes username.
             * @example alice
             */
            username: string;
            /**
             * @description Email address.
             * @example alice@example.com
             */
            email: string;
            /**
             * @description Language. Always empty.
             * @example
             */
            locale: string;
            /**
             * @description Origin of the account. Always locale.
             * @example locale
             */
            source: string;
            /**
             * @description Phone number. Always empty.
             * @example
             */
            phoneNumber: string;
            /**
             * @description Part of accounts and sub-accounts. Always false.
             * @example false
             */
            canTransferToMain: boolean;
            /**
             * @description Part of accounts and sub-accounts. Always false.
             * @example false
             */
            hasCertified: boolean;
            /**
             * @description Part of accounts and sub-accounts. Always false.
             * @example false
             */
            isMainAccount: boolean;
            /**
             * @description Part of accounts and sub-accounts. Always false.
             * @example false
             */
            isSubAccount: boolean;
            /**
             * @description First name.
             * @example Alice
             */
            firstname: string;
            /**
             * @description Last name.
             * @example Miller
             */
            lastname: string;
            /**
             * @description Part of accounts and sub-accounts. Always empty.
             * @example
             */
            mainAccountId: string;
            /**
             * @description Part of accounts and sub-accounts. Always empty.
             * @example
             */
            mainAccountName: string;
            /**
             * Format: int64
             * @description Part of accounts and sub-accounts. Always "0".
             * @example 0
             */
            mainAccountWorkspace: string;
            /**
             * @description Part of invitations. Always empty.
             * @example
             */
            inviteUrl: string;
            /**
             * @description Part of invitations. Always empty.
             * @example
             */
            inviteCode: string;
        };
        /** @description One page of groups. */
        UserGroupList: {
            items: components["schemas"]["UserGroup"][];
            pagination: components["schemas"]["UserPagination"];
        };
        /** @description A group of a user. */
        UserGroup: {
            /**
             * @description The name: groups have no other ID.
             * @example developers
             */
            id: string;
            /**
             * @description Group in the groups claim of the tokens.
             * @example developers
             */
            name: string;
        };
        /** @description One page of the roles that the user has in the platform. */
        UserSubjectList: {
            /** @description Always empty: there are no roles here. */
            items: unknown[];
            pagination: components["schemas"]["UserPagination"];
        };
        /** @description What the user of the token may do in this API. */
        GlobalPermissions: {
            permissions: ("ListUser" | "GetAboutPlatform")[];
        };
        /** @description One page of the inventory. */
        KeyPairList: {
            items: components["schemas"]["KeyPairRow"][];
            pagination: components["schemas"]["KeyPairPagination"];
        };
        /** @description A key pair in the inventory. */
        KeyPairRow: {
            /**
             * @description Namespace of the AccessKey.
             * @example people
             */
            namespace: string;
            /**
             * @description Name of the AccessKey.
             * @example alice
             */
            accessKey: string;
            /**
             * @description Name of the key pair.
             * @example ci
             */
            keyPair: string;
            /**
             * @description Owner: the Kubernetes username in the tokens.
             * @example alice
             */
            user: string;
            /**
             * @description Groups of the user.
             * @example [
             *       "developers"
             *     ]
             */
            groups: string[];
            /**
             * @description State of the key pair in the status.
             * @example Active
             * @enum {string}
             */
            state: "Active" | "Rotating" | "Disabled" | "Expired" | "Conflict" | "Pending";
            /**
             * @description The ak; empty until the key pair is created.
             * @example 0c2f4b5e-6f0a-4c39-9c39-2f1c8d3b7a10
             */
            ak: string;
            /**
             * @description Time at which the current ak and sk were created. RFC 3339 in UTC; empty if there is none.
             * @example 2026-01-01T08:00:00Z
             */
            createdAt: string;
            /**
             * @description Whole days since createdAt; null until the key pair is created.
             * @example 41
             */
            ageDays: number | null;
            /**
             * @description Last use of the key pair or its tokens, up to a minute old. RFC 3339 in UTC; empty if there is none.
             * @example 2026-02-10T09:30:00Z
             */
            lastUsedAt: string;
            /**
             * @description IP address of that client; empty if unknown.
             * @example 192.0.2.7
             */
            lastClientAddress: string;
            /**
             * @description Time at which the key pair expires. RFC 3339 in UTC; empty if there is none.
             * @example 2026-07-01T00:00:00Z
             */
            expiresAt: string;
            /**
             * @description Time of the next rotation. RFC 3339 in UTC; empty if there is none.
             * @example 2026-03-02T08:00:00Z
             */
            nextRotationAt: string;
            /**
             * @description Last change of the AccessKey, ignoring its status. RFC 3339 in UTC; empty if there is none.
             * @example 2026-01-15T12:00:00Z
             */
            lastChangedAt: string;
            /**
             * @description User for whom the operator made this change; empty for changes of others.
             * @example alice
             */
            lastChangedBy: string;
            /**
             * @description Field manager of this change.
             * @example kubectl-edit
             */
            lastChangedWith: string;
        };
        /** @description Position of the page in the inventory. */
        KeyPairPagination: {
            /**
             * @description Page number, starting at 1.
             * @example 1
             */
            page: number;
            /** @example 10 */
            pageSize: number;
            /**
             * @description Key pairs on all pages.
             * @example 1
             */
            total: number;
        };
        /** @description A new access token. */
        CreatedAccessToken: {
            /**
             * @description ID of the access token: its name.
             * @example ci
             */
            id: string;
            /** @description JWT (RFC 7519). It is returned only once. */
            token: string;
        };
        /** @description A request for an access token. */
        AccessTokenRequest: {
            /**
             * @description Name of the access token and its key pair, an RFC 1123 label
             * @example ci
             */
            name: string;
            /**
             * @description Milliseconds since the epoch, or RFC 3339; if unset, as late as possible
             * @example 1893456000000
             */
            expiredAt?: string;
        };
        /** @description The access tokens of a user. */
        AccessTokenList: {
            items: components["schemas"]["AccessToken"][];
        };
        /** @description An access token, without the token itself. */
        AccessToken: {
            /**
             * @description ID of the access token: its name.
             * @example ci
             */
            id: string;
            /**
             * @description Name of the key pair.
             * @example ci
             */
            name: string;
            /**
             * @description Always 0: an access token is never changed. Milliseconds since the epoch.
             * @example 0
             */
            updatedAt: string;
            /**
             * @description Creation time of the key pair; 0 if the operator has not created it yet. Milliseconds since the epoch.
             * @example 1767254400000
             */
            createdAt: string;
            /**
             * @description Time at which the key pair expires; 0 if it does not expire. Milliseconds since the epoch.
             * @example 1893456000000
             */
            expiredAt: string;
        };
        /** @description Empty. */
        Deleted: Record<string, never>;
        /** @description The products that serve this API: only this operator. */
        ProductVersions: {
            items: components["schemas"]["ProductVersion"][];
        };
        /** @description A product and its version. */
        ProductVersion: {
            /**
             * @description Name of the product.
             * @example accesskey-operator
             */
            name: string;
            /**
             * @description Its version.
             * @example 0.1.0
             */
            version: string;
        };
        /** @description https://spec.openapis.org/oas/v3.1.0 */
        Document: {
            openapi: string;
        } & {
            [key: string]: unknown;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    checkForwardedRequest: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request is authenticated */
            200: {
                headers: {
                    /** @description Name of the user, percent-encoded where it is not printable ASCII */
                    "X-Auth-Request-User"?: string;
                    /** @description Groups of the user, separated by commas, each encoded in the same way */
                    "X-Auth-Request-Groups"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description allowedCIDRs of the key pair do not contain the client address */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "the token must not be used from this address",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headCheckForwardedRequest: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request is authenticated */
            200: {
                headers: {
                    /** @description Name of the user, percent-encoded where it is not printable ASCII */
                    "X-Auth-Request-User"?: string;
                    /** @description Groups of the user, separated by commas, each encoded in the same way */
                    "X-Auth-Request-Groups"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description allowedCIDRs of the key pair do not contain the client address */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getToken: {
        parameters: {
            query?: {
                /** @description The access key; for example f1b0cbd2-5f6e-4dd8-9e0a-1c0d9e6f7a10 */
                ak?: string;
                /** @description The secret key; for example 8c1f3c1e-0a0b-4b6e-8b2b-3f9d5f6a7b21 */
                sk?: string;
                /** @description Validity of the token in days; if unset, tokenLifetime of the key pair */
                cycle?: number;
                /** @description Audience of the token, the configured one or one of spec.audiences of the AccessKey; for example */
                audience?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "token": "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJnaGlwcG8uaW8ifQ.c2lnbmF0dXJl"
                     *     }
                     */
                    "application/json": components["schemas"]["Token"];
                };
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "cycle: must be a whole number from 1 to 30",
                     *       "details": [
                     *         {
                     *           "@type": "type.googleapis.com/google.rpc.BadRequest",
                     *           "fieldViolations": [
                     *             {
                     *               "field": "cycle",
                     *               "description": "must be a whole number from 1 to 30"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The key pair is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "the access key or the secret key is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description allowedCIDRs of the key pair do not contain the client address */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "the key pair must not be used from this address",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The key pair is not valid, and too many attempts from this address have failed */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 8,
                     *       "message": "too many failed attempts, try again in 3 s",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the signing keys are not loaded yet",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    createToken: {
        parameters: {
            query?: {
                /** @description Validity of the token in days, unless it is in the body */
                cycle?: number;
                /** @description Audience of the token, the configured one or one of spec.audiences of the AccessKey; for example */
                audience?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/x-www-form-urlencoded": {
                    /**
                     * @description The access key
                     * @example f1b0cbd2-5f6e-4dd8-9e0a-1c0d9e6f7a10
                     */
                    ak?: string;
                    /**
                     * @description The secret key
                     * @example 8c1f3c1e-0a0b-4b6e-8b2b-3f9d5f6a7b21
                     */
                    sk?: string;
                    /**
                     * @description Validity of the token in days; if unset, tokenLifetime of the key pair
                     * @default 3
                     */
                    cycle?: number;
                    /**
                     * @description Audience of the token, the configured one or one of spec.audiences of the AccessKey
                     * @example
                     */
                    audience?: string;
                };
                "application/json": {
                    /**
                     * @description The access key
                     * @example f1b0cbd2-5f6e-4dd8-9e0a-1c0d9e6f7a10
                     */
                    ak?: string;
                    /**
                     * @description The secret key
                     * @example 8c1f3c1e-0a0b-4b6e-8b2b-3f9d5f6a7b21
                     */
                    sk?: string;
                    /**
                     * @description Validity of the token in days; if unset, tokenLifetime of the key pair
                     * @default 3
                     */
                    cycle?: number;
                    /**
                     * @description Audience of the token, the configured one or one of spec.audiences of the AccessKey
                     * @example
                     */
                    audience?: string;
                };
            };
        };
        responses: {
            /** @description A token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "token": "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJnaGlwcG8uaW8ifQ.c2lnbmF0dXJl"
                     *     }
                     */
                    "application/json": components["schemas"]["Token"];
                };
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "cycle: must be a whole number from 1 to 30",
                     *       "details": [
                     *         {
                     *           "@type": "type.googleapis.com/google.rpc.BadRequest",
                     *           "fieldViolations": [
                     *             {
                     *               "field": "cycle",
                     *               "description": "must be a whole number from 1 to 30"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The key pair is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "the access key or the secret key is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description allowedCIDRs of the key pair do not contain the client address */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "the key pair must not be used from this address",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is neither a form nor JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "Content-Type: must be application/x-www-form-urlencoded or application/json, in UTF-8",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The key pair is not valid, and too many attempts from this address have failed */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 8,
                     *       "message": "too many failed attempts, try again in 3 s",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the signing keys are not loaded yet",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headGetToken: {
        parameters: {
            query?: {
                /** @description The access key; for example f1b0cbd2-5f6e-4dd8-9e0a-1c0d9e6f7a10 */
                ak?: string;
                /** @description The secret key; for example 8c1f3c1e-0a0b-4b6e-8b2b-3f9d5f6a7b21 */
                sk?: string;
                /** @description Validity of the token in days; if unset, tokenLifetime of the key pair */
                cycle?: number;
                /** @description Audience of the token, the configured one or one of spec.audiences of the AccessKey; for example */
                audience?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The key pair is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description allowedCIDRs of the key pair do not contain the client address */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The key pair is not valid, and too many attempts from this address have failed */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getTokenByFormerPath: {
        parameters: {
            query?: {
                /** @description The access key; for example f1b0cbd2-5f6e-4dd8-9e0a-1c0d9e6f7a10 */
                ak?: string;
                /** @description The secret key; for example 8c1f3c1e-0a0b-4b6e-8b2b-3f9d5f6a7b21 */
                sk?: string;
                /** @description Validity of the token in days; if unset, tokenLifetime of the key pair */
                cycle?: number;
                /** @description Audience of the token, the configured one or one of spec.audiences of the AccessKey; for example */
                audience?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "token": "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJnaGlwcG8uaW8ifQ.c2lnbmF0dXJl"
                     *     }
                     */
                    "application/json": components["schemas"]["Token"];
                };
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "cycle: must be a whole number from 1 to 30",
                     *       "details": [
                     *         {
                     *           "@type": "type.googleapis.com/google.rpc.BadRequest",
                     *           "fieldViolations": [
                     *             {
                     *               "field": "cycle",
                     *               "description": "must be a whole number from 1 to 30"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The key pair is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "the access key or the secret key is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description allowedCIDRs of the key pair do not contain the client address */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "the key pair must not be used from this address",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The key pair is not valid, and too many attempts from this address have failed */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 8,
                     *       "message": "too many failed attempts, try again in 3 s",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the signing keys are not loaded yet",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    createTokenByFormerPath: {
        parameters: {
            query?: {
                /** @description Validity of the token in days, unless it is in the body */
                cycle?: number;
                /** @description Audience of the token, the configured one or one of spec.audiences of the AccessKey; for example */
                audience?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/x-www-form-urlencoded": {
                    /**
                     * @description The access key
                     * @example f1b0cbd2-5f6e-4dd8-9e0a-1c0d9e6f7a10
                     */
                    ak?: string;
                    /**
                     * @description The secret key
                     * @example 8c1f3c1e-0a0b-4b6e-8b2b-3f9d5f6a7b21
                     */
                    sk?: string;
                    /**
                     * @description Validity of the token in days; if unset, tokenLifetime of the key pair
                     * @default 3
                     */
                    cycle?: number;
                    /**
                     * @description Audience of the token, the configured one or one of spec.audiences of the AccessKey
                     * @example
                     */
                    audience?: string;
                };
                "application/json": {
                    /**
                     * @description The access key
                     * @example f1b0cbd2-5f6e-4dd8-9e0a-1c0d9e6f7a10
                     */
                    ak?: string;
                    /**
                     * @description The secret key
                     * @example 8c1f3c1e-0a0b-4b6e-8b2b-3f9d5f6a7b21
                     */
                    sk?: string;
                    /**
                     * @description Validity of the token in days; if unset, tokenLifetime of the key pair
                     * @default 3
                     */
                    cycle?: number;
                    /**
                     * @description Audience of the token, the configured one or one of spec.audiences of the AccessKey
                     * @example
                     */
                    audience?: string;
                };
            };
        };
        responses: {
            /** @description A token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "token": "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJnaGlwcG8uaW8ifQ.c2lnbmF0dXJl"
                     *     }
                     */
                    "application/json": components["schemas"]["Token"];
                };
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "cycle: must be a whole number from 1 to 30",
                     *       "details": [
                     *         {
                     *           "@type": "type.googleapis.com/google.rpc.BadRequest",
                     *           "fieldViolations": [
                     *             {
                     *               "field": "cycle",
                     *               "description": "must be a whole number from 1 to 30"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The key pair is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "the access key or the secret key is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description allowedCIDRs of the key pair do not contain the client address */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "the key pair must not be used from this address",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is neither a form nor JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "Content-Type: must be application/x-www-form-urlencoded or application/json, in UTF-8",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The key pair is not valid, and too many attempts from this address have failed */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 8,
                     *       "message": "too many failed attempts, try again in 3 s",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the signing keys are not loaded yet",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headGetTokenByFormerPath: {
        parameters: {
            query?: {
                /** @description The access key; for example f1b0cbd2-5f6e-4dd8-9e0a-1c0d9e6f7a10 */
                ak?: string;
                /** @description The secret key; for example 8c1f3c1e-0a0b-4b6e-8b2b-3f9d5f6a7b21 */
                sk?: string;
                /** @description Validity of the token in days; if unset, tokenLifetime of the key pair */
                cycle?: number;
                /** @description Audience of the token, the configured one or one of spec.audiences of the AccessKey; for example */
                audience?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The key pair is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description allowedCIDRs of the key pair do not contain the client address */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The key pair is not valid, and too many attempts from this address have failed */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getSigningKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The keys */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "keys": [
                     *         {
                     *           "kty": "EC",
                     *           "crv": "P-256",
                     *           "alg": "ES256",
                     *           "use": "sig",
                     *           "kid": "DUCRkkAp52RbTv4NS2Y-0zoeeS_K7BMgwNAgdyC9rCM",
                     *           "x": "WbbPZ_SJM7fM9gTa0Owq5NVrgLbXcjQN4nLVS4n4eAQ",
                     *           "y": "Qm9iJ3Mga2V5IGlzIG5vdCBoZXJlLCBzb3JyeSBmcmk"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["JsonWebKeySet"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the signing keys are not loaded yet",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headGetSigningKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The keys */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getJsonWebKeySet: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The keys */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "keys": [
                     *         {
                     *           "kty": "EC",
                     *           "crv": "P-256",
                     *           "alg": "ES256",
                     *           "use": "sig",
                     *           "kid": "DUCRkkAp52RbTv4NS2Y-0zoeeS_K7BMgwNAgdyC9rCM",
                     *           "x": "WbbPZ_SJM7fM9gTa0Owq5NVrgLbXcjQN4nLVS4n4eAQ",
                     *           "y": "Qm9iJ3Mga2V5IGlzIG5vdCBoZXJlLCBzb3JyeSBmcmk"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["JsonWebKeySet"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the signing keys are not loaded yet",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headGetJsonWebKeySet: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The keys */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    requestToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": {
                    /** @enum {string} */
                    grant_type: "client_credentials" | "urn:ietf:params:oauth:grant-type:token-exchange" | "urn:ietf:params:oauth:grant-type:jwt-bearer";
                    /** @description The ak, unless it is in Authorization: Basic */
                    client_id?: string;
                    /** @description The sk, unless it is in Authorization: Basic */
                    client_secret?: string;
                    /** @description For the grant of RFC 7523, if an issuer is trusted: a token of that issuer */
                    assertion?: string;
                    /** @description For a token exchange: the projected token of the ServiceAccount */
                    subject_token?: string;
                    /** @description For a token exchange: urn:ietf:params:oauth:token-type:jwt */
                    subject_token_type?: string;
                    /** @description For a token exchange: the type of an access token or a JWT */
                    requested_token_type?: string;
                    /** @description Audience of the token: the configured one or one of spec.audiences of the AccessKey */
                    resource?: string;
                    /** @description Audience of the token: the configured one or one of spec.audiences of the AccessKey */
                    audience?: string;
                    /** @description Not supported */
                    scope?: string;
                };
            };
        };
        responses: {
            /** @description A token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access_token": "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJnaGlwcG8uaW8ifQ.c2lnbmF0dXJl",
                     *       "token_type": "Bearer",
                     *       "expires_in": 259200
                     *     }
                     */
                    "application/json": components["schemas"]["OAuthToken"];
                };
            };
            /** @description The request is invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "invalid_request",
                     *       "error_description": "grant_type: is required"
                     *     }
                     */
                    "application/json": components["schemas"]["OAuthError"];
                };
            };
            /** @description Client authentication failed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "invalid_client",
                     *       "error_description": "client authentication is required"
                     *     }
                     */
                    "application/json": components["schemas"]["OAuthError"];
                };
            };
            /** @description As 401, and too many attempts from this address have failed */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "invalid_client",
                     *       "error_description": "too many failed attempts, try again in 3 s"
                     *     }
                     */
                    "application/json": components["schemas"]["OAuthError"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "temporarily_unavailable",
                     *       "error_description": "the cluster is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["OAuthError"];
                };
            };
        };
    };
    introspectToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": {
                    token: string;
                    /** @description Ignored */
                    token_type_hint?: string;
                    /** @description The ak, unless it is in Authorization: Basic */
                    client_id?: string;
                    /** @description The sk, unless it is in Authorization: Basic */
                    client_secret?: string;
                };
            };
        };
        responses: {
            /** @description The state of the token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "active": true,
                     *       "iss": "ghippo.io",
                     *       "sub": "94dbbd6a-12a3-4a67-85a8-a97cf5a1a953",
                     *       "username": "alice",
                     *       "groups": [
                     *         "shop-developers"
                     *       ],
                     *       "client_id": "5df476c2-d4ca-4d57-ac7f-0011fe8182d5",
                     *       "iat": 1795570730,
                     *       "exp": 1795829930,
                     *       "token_type": "Bearer"
                     *     }
                     */
                    "application/json": components["schemas"]["Introspection"];
                };
            };
            /** @description The request is invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "invalid_request",
                     *       "error_description": "grant_type: is required"
                     *     }
                     */
                    "application/json": components["schemas"]["OAuthError"];
                };
            };
            /** @description Client authentication failed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "invalid_client",
                     *       "error_description": "client authentication is required"
                     *     }
                     */
                    "application/json": components["schemas"]["OAuthError"];
                };
            };
            /** @description As 401, and too many attempts from this address have failed */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "invalid_client",
                     *       "error_description": "too many failed attempts, try again in 3 s"
                     *     }
                     */
                    "application/json": components["schemas"]["OAuthError"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "temporarily_unavailable",
                     *       "error_description": "the cluster is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["OAuthError"];
                };
            };
        };
    };
    getOpenIdConfiguration: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metadata */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "issuer": "https://keys.example.org",
                     *       "token_endpoint": "https://keys.example.org/oauth2/token",
                     *       "jwks_uri": "https://keys.example.org/.well-known/jwks.json"
                     *     }
                     */
                    "application/json": components["schemas"]["ServerMetadata"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 5,
                     *       "message": "the issuer of this server is not an https URL",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the signing keys are not loaded yet",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headGetOpenIdConfiguration: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metadata */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getAuthorizationServerMetadata: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metadata */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "issuer": "https://keys.example.org",
                     *       "token_endpoint": "https://keys.example.org/oauth2/token",
                     *       "jwks_uri": "https://keys.example.org/.well-known/jwks.json"
                     *     }
                     */
                    "application/json": components["schemas"]["ServerMetadata"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 5,
                     *       "message": "the issuer of this server is not an https URL",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the signing keys are not loaded yet",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headGetAuthorizationServerMetadata: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metadata */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listClusters: {
        parameters: {
            query?: {
                /** @description Page number, starting at 1 */
                page?: number;
                /** @description Items per page */
                pageSize?: number;
                /** @description Only the cluster with exactly this name; for example kpanda-global-cluster */
                name?: string;
                /** @description Only clusters whose name contains this text, ignoring case; for example global */
                fuzzyName?: string;
                /** @description Only clusters in this phase; the first value means any phase */
                phase?: "CLUSTER_PHASE_UNSPECIFIED" | "Unknown" | "Creating" | "Running" | "Updating" | "Deleting" | "Failed" | "DeleteFailed";
                /** @description Sort key; every value means the name */
                sortBy?: "SORT_BY_UNSPECIFIED" | "field_name" | "cluster";
                /** @description Sort direction; defaults to desc. Has no effect if sortBy is unset or the first value */
                sortDir?: "desc" | "asc";
                /** @description There are no roles to filter by; the only value means any role */
                role?: "CLUSTER_ROLE_UNSPECIFIED";
                /** @description Must be empty: the operator does not know this property of clusters */
                kubernetesVersion?: string;
                /** @description Must be empty: the operator does not know this property of clusters */
                labelSelector?: string;
                /** @description Must be empty: the operator does not know this property of clusters */
                fieldSelector?: string;
                /** @description Must be empty: the operator does not know this property of clusters */
                managedBy?: string;
                /** @description Has no effect: there are no metrics */
                excludeMetrics?: "true" | "false";
                /** @description Has no effect: there are no virtual clusters */
                showVirtualCluster?: "true" | "false";
                /** @description Has no effect: there are no shim clusters */
                showShimCluster?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of clusters */
            200: {
                headers: {
                    /** @description Comma-separated list of clusters that are unavailable and left out; absent if none is */
                    "Unavailable-Clusters"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "metadata": {
                     *             "name": "kpanda-global-cluster",
                     *             "namespace": "",
                     *             "uid": "",
                     *             "resourceVersion": "",
                     *             "creationTimestamp": "0",
                     *             "deletionTimestamp": "0",
                     *             "labels": {},
                     *             "annotations": {},
                     *             "ownerReferences": [],
                     *             "cluster": "",
                     *             "workspaceAlias": ""
                     *           },
                     *           "spec": {
                     *             "aliasName": ""
                     *           },
                     *           "status": {
                     *             "phase": "Running"
                     *           }
                     *         }
                     *       ],
                     *       "pagination": {
                     *         "total": 1,
                     *         "page": 1,
                     *         "pageSize": 10,
                     *         "pages": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ClusterList"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "pageSize: must be a whole number from 1 to 500",
                     *       "details": [
                     *         {
                     *           "@type": "type.googleapis.com/google.rpc.BadRequest",
                     *           "fieldViolations": [
                     *             {
                     *               "field": "pageSize",
                     *               "description": "must be a whole number from 1 to 500"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description allowedCIDRs of the key pair do not contain the client address */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "the token must not be used from this address",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headListClusters: {
        parameters: {
            query?: {
                /** @description Page number, starting at 1 */
                page?: number;
                /** @description Items per page */
                pageSize?: number;
                /** @description Only the cluster with exactly this name; for example kpanda-global-cluster */
                name?: string;
                /** @description Only clusters whose name contains this text, ignoring case; for example global */
                fuzzyName?: string;
                /** @description Only clusters in this phase; the first value means any phase */
                phase?: "CLUSTER_PHASE_UNSPECIFIED" | "Unknown" | "Creating" | "Running" | "Updating" | "Deleting" | "Failed" | "DeleteFailed";
                /** @description Sort key; every value means the name */
                sortBy?: "SORT_BY_UNSPECIFIED" | "field_name" | "cluster";
                /** @description Sort direction; defaults to desc. Has no effect if sortBy is unset or the first value */
                sortDir?: "desc" | "asc";
                /** @description There are no roles to filter by; the only value means any role */
                role?: "CLUSTER_ROLE_UNSPECIFIED";
                /** @description Must be empty: the operator does not know this property of clusters */
                kubernetesVersion?: string;
                /** @description Must be empty: the operator does not know this property of clusters */
                labelSelector?: string;
                /** @description Must be empty: the operator does not know this property of clusters */
                fieldSelector?: string;
                /** @description Must be empty: the operator does not know this property of clusters */
                managedBy?: string;
                /** @description Has no effect: there are no metrics */
                excludeMetrics?: "true" | "false";
                /** @description Has no effect: there are no virtual clusters */
                showVirtualCluster?: "true" | "false";
                /** @description Has no effect: there are no shim clusters */
                showShimCluster?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of clusters */
            200: {
                headers: {
                    /** @description Comma-separated list of clusters that are unavailable and left out; absent if none is */
                    "Unavailable-Clusters"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description allowedCIDRs of the key pair do not contain the client address */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getCluster: {
        parameters: {
            query?: {
                /** @description Has no effect: there are no metrics */
                excludeMetrics?: "true" | "false";
            };
            header?: never;
            path: {
                /** @description Name of the cluster */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The cluster */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "metadata": {
                     *         "name": "kpanda-global-cluster",
                     *         "namespace": "",
                     *         "uid": "",
                     *         "resourceVersion": "",
                     *         "creationTimestamp": "0",
                     *         "deletionTimestamp": "0",
                     *         "labels": {},
                     *         "annotations": {},
                     *         "ownerReferences": [],
                     *         "cluster": "",
                     *         "workspaceAlias": ""
                     *       },
                     *       "spec": {
                     *         "aliasName": ""
                     *       },
                     *       "status": {
                     *         "phase": "Running"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Cluster"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "page: unknown parameter",
                     *       "details": [
                     *         {
                     *           "@type": "type.googleapis.com/google.rpc.BadRequest",
                     *           "fieldViolations": [
                     *             {
                     *               "field": "page",
                     *               "description": "unknown parameter"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "user alice may not list deployments in any namespace",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 5,
                     *       "message": "cluster: not found",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headGetCluster: {
        parameters: {
            query?: {
                /** @description Has no effect: there are no metrics */
                excludeMetrics?: "true" | "false";
            };
            header?: never;
            path: {
                /** @description Name of the cluster */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The cluster */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listClusterNamespaces: {
        parameters: {
            query?: {
                /** @description Page number, starting at 1 */
                page?: number;
                /** @description Items per page */
                pageSize?: number;
                /** @description Only namespaces with exactly this name; for example shop */
                name?: string;
                /** @description Only namespaces whose name contains this text, ignoring case; for example sho */
                fuzzyName?: string;
                /** @description Whether to leave out kube-system, kube-public and kube-node-lease */
                excludeSystem?: "true" | "false";
                /** @description Sort key; if unset or the first value, the name */
                sortBy?: "SORT_BY_UNSPECIFIED" | "field_name" | "namespace" | "cluster";
                /** @description Sort direction; defaults to desc. Has no effect if sortBy is unset or the first value */
                sortDir?: "desc" | "asc";
                /** @description Must be empty: the operator does not know this property of namespaces */
                labelSelector?: string;
                /** @description Must be empty: the operator does not know this property of namespaces */
                fieldSelector?: string;
                /** @description Must be empty: there are no workspaces */
                workspaceId?: string;
                /** @description Must be empty: there are no workspaces */
                workspaceAlias?: string;
                /** @description There is no phase to filter by; the only value means any phase */
                phase?: "NAMESPACE_PHASE_UNSPECIFIED";
            };
            header?: never;
            path: {
                /** @description Name of the cluster */
                cluster: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of namespaces */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "metadata": {
                     *             "name": "shop",
                     *             "namespace": "",
                     *             "uid": "",
                     *             "resourceVersion": "",
                     *             "creationTimestamp": "0",
                     *             "deletionTimestamp": "0",
                     *             "labels": {},
                     *             "annotations": {},
                     *             "ownerReferences": [],
                     *             "cluster": "kpanda-global-cluster",
                     *             "workspaceAlias": ""
                     *           }
                     *         }
                     *       ],
                     *       "pagination": {
                     *         "total": 1,
                     *         "page": 1,
                     *         "pageSize": 10,
                     *         "pages": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["NamespaceList"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "pageSize: must be a whole number from 1 to 500",
                     *       "details": [
                     *         {
                     *           "@type": "type.googleapis.com/google.rpc.BadRequest",
                     *           "fieldViolations": [
                     *             {
                     *               "field": "pageSize",
                     *               "description": "must be a whole number from 1 to 500"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "user alice may not list deployments in any namespace",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 5,
                     *       "message": "cluster: not found",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headListClusterNamespaces: {
        parameters: {
            query?: {
                /** @description Page number, starting at 1 */
                page?: number;
                /** @description Items per page */
                pageSize?: number;
                /** @description Only namespaces with exactly this name; for example shop */
                name?: string;
                /** @description Only namespaces whose name contains this text, ignoring case; for example sho */
                fuzzyName?: string;
                /** @description Whether to leave out kube-system, kube-public and kube-node-lease */
                excludeSystem?: "true" | "false";
                /** @description Sort key; if unset or the first value, the name */
                sortBy?: "SORT_BY_UNSPECIFIED" | "field_name" | "namespace" | "cluster";
                /** @description Sort direction; defaults to desc. Has no effect if sortBy is unset or the first value */
                sortDir?: "desc" | "asc";
                /** @description Must be empty: the operator does not know this property of namespaces */
                labelSelector?: string;
                /** @description Must be empty: the operator does not know this property of namespaces */
                fieldSelector?: string;
                /** @description Must be empty: there are no workspaces */
                workspaceId?: string;
                /** @description Must be empty: there are no workspaces */
                workspaceAlias?: string;
                /** @description There is no phase to filter by; the only value means any phase */
                phase?: "NAMESPACE_PHASE_UNSPECIFIED";
            };
            header?: never;
            path: {
                /** @description Name of the cluster */
                cluster: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of namespaces */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listNamespaces: {
        parameters: {
            query?: {
                /** @description Page number, starting at 1 */
                page?: number;
                /** @description Items per page */
                pageSize?: number;
                /** @description Only namespaces with exactly this name; for example shop */
                name?: string;
                /** @description Only namespaces whose name contains this text, ignoring case; for example sho */
                fuzzyName?: string;
                /** @description Whether to leave out kube-system, kube-public and kube-node-lease */
                excludeSystem?: "true" | "false";
                /** @description Sort key; if unset or the first value, the name */
                sortBy?: "SORT_BY_UNSPECIFIED" | "field_name" | "namespace" | "cluster";
                /** @description Sort direction; defaults to desc. Has no effect if sortBy is unset or the first value */
                sortDir?: "desc" | "asc";
                /** @description Must be empty: the operator does not know this property of namespaces */
                labelSelector?: string;
                /** @description Must be empty: the operator does not know this property of namespaces */
                fieldSelector?: string;
                /** @description Must be empty: there are no workspaces */
                workspaceId?: string;
                /** @description Must be empty: there are no workspaces */
                workspaceAlias?: string;
                /** @description Only these clusters; may be repeated */
                cluster?: string[];
                /** @description Has no effect: there are no workspaces to assign namespaces to */
                onlyUnassign?: "true" | "false";
                /** @description Has no effect: there are no virtual clusters */
                showVirtualCluster?: "true" | "false";
                /** @description Resource quotas are never included */
                includeResourceQuota?: "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of namespaces */
            200: {
                headers: {
                    /** @description Comma-separated list of clusters that are unavailable and left out; absent if none is */
                    "Unavailable-Clusters"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "metadata": {
                     *             "name": "shop",
                     *             "namespace": "",
                     *             "uid": "",
                     *             "resourceVersion": "",
                     *             "creationTimestamp": "0",
                     *             "deletionTimestamp": "0",
                     *             "labels": {},
                     *             "annotations": {},
                     *             "ownerReferences": [],
                     *             "cluster": "kpanda-global-cluster",
                     *             "workspaceAlias": ""
                     *           }
                     *         }
                     *       ],
                     *       "pagination": {
                     *         "total": 1,
                     *         "page": 1,
                     *         "pageSize": 10,
                     *         "pages": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["NamespaceList"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "pageSize: must be a whole number from 1 to 500",
                     *       "details": [
                     *         {
                     *           "@type": "type.googleapis.com/google.rpc.BadRequest",
                     *           "fieldViolations": [
                     *             {
                     *               "field": "pageSize",
                     *               "description": "must be a whole number from 1 to 500"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "user alice may not list deployments in any namespace",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 5,
                     *       "message": "cluster: not found",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headListNamespaces: {
        parameters: {
            query?: {
                /** @description Page number, starting at 1 */
                page?: number;
                /** @description Items per page */
                pageSize?: number;
                /** @description Only namespaces with exactly this name; for example shop */
                name?: string;
                /** @description Only namespaces whose name contains this text, ignoring case; for example sho */
                fuzzyName?: string;
                /** @description Whether to leave out kube-system, kube-public and kube-node-lease */
                excludeSystem?: "true" | "false";
                /** @description Sort key; if unset or the first value, the name */
                sortBy?: "SORT_BY_UNSPECIFIED" | "field_name" | "namespace" | "cluster";
                /** @description Sort direction; defaults to desc. Has no effect if sortBy is unset or the first value */
                sortDir?: "desc" | "asc";
                /** @description Must be empty: the operator does not know this property of namespaces */
                labelSelector?: string;
                /** @description Must be empty: the operator does not know this property of namespaces */
                fieldSelector?: string;
                /** @description Must be empty: there are no workspaces */
                workspaceId?: string;
                /** @description Must be empty: there are no workspaces */
                workspaceAlias?: string;
                /** @description Only these clusters; may be repeated */
                cluster?: string[];
                /** @description Has no effect: there are no workspaces to assign namespaces to */
                onlyUnassign?: "true" | "false";
                /** @description Has no effect: there are no virtual clusters */
                showVirtualCluster?: "true" | "false";
                /** @description Resource quotas are never included */
                includeResourceQuota?: "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of namespaces */
            200: {
                headers: {
                    /** @description Comma-separated list of clusters that are unavailable and left out; absent if none is */
                    "Unavailable-Clusters"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listDeployments: {
        parameters: {
            query?: {
                /** @description Page number, starting at 1 */
                page?: number;
                /** @description Items per page */
                pageSize?: number;
                /** @description Only deployments with exactly this name; for example web */
                name?: string;
                /** @description Only deployments whose name contains this text, ignoring case */
                fuzzyName?: string;
                /** @description Only deployments in this state; the first value means any state */
                phase?: "WORKLOAD_STATE_UNSPECIFIED" | "Running" | "Deleting" | "Not_Ready" | "Stopped" | "Waiting";
                /** @description Sort key; if unset or the first value, namespace and name */
                sortBy?: "SORT_BY_UNSPECIFIED" | "field_name" | "state" | "cluster" | "namespace" | "created_at";
                /** @description Sort direction; defaults to desc. Has no effect if sortBy is unset or the first value */
                sortDir?: "desc" | "asc";
                /** @description Kubernetes label selector, for example app=web,tier notin (back) */
                labelSelector?: string;
                /** @description Kubernetes field selector on metadata.name and metadata.namespace */
                fieldSelector?: string;
                /** @description Only deployments whose pods request this resource; * means any GPU; for example nvidia.com/gpu */
                gpuType?: string;
            };
            header?: never;
            path: {
                /** @description Name of the cluster */
                cluster: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of deployments */
            200: {
                headers: {
                    /** @description Seconds since the last event, bookmark or list of deployments from the API server */
                    Age?: number;
                    /** @description Contains detail=stale while no watch is open and changes are not seen */
                    "Cache-Status"?: string;
                    /** @description resourceVersion of the deployments of the cluster; absent for several clusters */
                    "Kubernetes-Resource-Version"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "metadata": {
                     *             "name": "web",
                     *             "namespace": "shop",
                     *             "uid": "1b0e2c0a-54c0-4a53-9d3f-6a3a2ce0a0f5",
                     *             "resourceVersion": "4711",
                     *             "creationTimestamp": "1767254400",
                     *             "deletionTimestamp": "0",
                     *             "labels": {
                     *               "app": "web"
                     *             },
                     *             "annotations": {
                     *               "deployment.kubernetes.io/revision": "1"
                     *             },
                     *             "ownerReferences": [],
                     *             "cluster": "kpanda-global-cluster",
                     *             "workspaceAlias": ""
                     *           },
                     *           "spec": {
                     *             "template": {
                     *               "metadata": {
                     *                 "name": "",
                     *                 "namespace": "",
                     *                 "uid": "",
                     *                 "resourceVersion": "",
                     *                 "creationTimestamp": "0",
                     *                 "deletionTimestamp": "0",
                     *                 "labels": {
                     *                   "app": "web"
                     *                 },
                     *                 "annotations": {},
                     *                 "ownerReferences": [],
                     *                 "cluster": "",
                     *                 "workspaceAlias": ""
                     *               },
                     *               "spec": {
                     *                 "volumes": [],
                     *                 "initContainers": [],
                     *                 "containers": [
                     *                   {
                     *                     "name": "web",
                     *                     "image": "nginx:1.29",
                     *                     "command": [],
                     *                     "args": [],
                     *                     "workingDir": "",
                     *                     "ports": [
                     *                       {
                     *                         "containerPort": 80,
                     *                         "hostPort": 0,
                     *                         "name": "",
                     *                         "protocol": ""
                     *                       }
                     *                     ],
                     *                     "envFrom": [],
                     *                     "env": [],
                     *                     "resources": null,
                     *                     "volumeMounts": [],
                     *                     "livenessProbe": null,
                     *                     "readinessProbe": null,
                     *                     "startupProbe": null,
                     *                     "lifecycle": null,
                     *                     "imagePullPolicy": "",
                     *                     "securityContext": null
                     *                   }
                     *                 ],
                     *                 "ephemeralContainers": [],
                     *                 "restartPolicy": "",
                     *                 "nodeName": "",
                     *                 "hostNetwork": false,
                     *                 "affinity": null,
                     *                 "tolerations": []
                     *               }
                     *             },
                     *             "strategy": null,
                     *             "paused": false
                     *           },
                     *           "status": {
                     *             "availableReplicas": 2,
                     *             "readyReplicas": 2,
                     *             "replicas": 2,
                     *             "state": "Running",
                     *             "conditions": [
                     *               {
                     *                 "lastTransitionTime": "",
                     *                 "lastUpdateTime": "",
                     *                 "message": "",
                     *                 "reason": "MinimumReplicasAvailable",
                     *                 "status": "True",
                     *                 "type": "Available"
                     *               }
                     *             ]
                     *           },
                     *           "revision": "1"
                     *         }
                     *       ],
                     *       "pagination": {
                     *         "total": 1,
                     *         "page": 1,
                     *         "pageSize": 10,
                     *         "pages": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["DeploymentList"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "pageSize: must be a whole number from 1 to 500",
                     *       "details": [
                     *         {
                     *           "@type": "type.googleapis.com/google.rpc.BadRequest",
                     *           "fieldViolations": [
                     *             {
                     *               "field": "pageSize",
                     *               "description": "must be a whole number from 1 to 500"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "user alice may not list deployments in any namespace",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 5,
                     *       "message": "cluster: not found",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headListDeployments: {
        parameters: {
            query?: {
                /** @description Page number, starting at 1 */
                page?: number;
                /** @description Items per page */
                pageSize?: number;
                /** @description Only deployments with exactly this name; for example web */
                name?: string;
                /** @description Only deployments whose name contains this text, ignoring case */
                fuzzyName?: string;
                /** @description Only deployments in this state; the first value means any state */
                phase?: "WORKLOAD_STATE_UNSPECIFIED" | "Running" | "Deleting" | "Not_Ready" | "Stopped" | "Waiting";
                /** @description Sort key; if unset or the first value, namespace and name */
                sortBy?: "SORT_BY_UNSPECIFIED" | "field_name" | "state" | "cluster" | "namespace" | "created_at";
                /** @description Sort direction; defaults to desc. Has no effect if sortBy is unset or the first value */
                sortDir?: "desc" | "asc";
                /** @description Kubernetes label selector, for example app=web,tier notin (back) */
                labelSelector?: string;
                /** @description Kubernetes field selector on metadata.name and metadata.namespace */
                fieldSelector?: string;
                /** @description Only deployments whose pods request this resource; * means any GPU; for example nvidia.com/gpu */
                gpuType?: string;
            };
            header?: never;
            path: {
                /** @description Name of the cluster */
                cluster: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of deployments */
            200: {
                headers: {
                    /** @description Seconds since the last event, bookmark or list of deployments from the API server */
                    Age?: number;
                    /** @description Contains detail=stale while no watch is open and changes are not seen */
                    "Cache-Status"?: string;
                    /** @description resourceVersion of the deployments of the cluster; absent for several clusters */
                    "Kubernetes-Resource-Version"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listNamespaceDeployments: {
        parameters: {
            query?: {
                /** @description Page number, starting at 1 */
                page?: number;
                /** @description Items per page */
                pageSize?: number;
                /** @description Only deployments with exactly this name; for example web */
                name?: string;
                /** @description Only deployments whose name contains this text, ignoring case */
                fuzzyName?: string;
                /** @description Only deployments in this state; the first value means any state */
                phase?: "WORKLOAD_STATE_UNSPECIFIED" | "Running" | "Deleting" | "Not_Ready" | "Stopped" | "Waiting";
                /** @description Sort key; if unset or the first value, namespace and name */
                sortBy?: "SORT_BY_UNSPECIFIED" | "field_name" | "state" | "cluster" | "namespace" | "created_at";
                /** @description Sort direction; defaults to desc. Has no effect if sortBy is unset or the first value */
                sortDir?: "desc" | "asc";
                /** @description Kubernetes label selector, for example app=web,tier notin (back) */
                labelSelector?: string;
                /** @description Kubernetes field selector on metadata.name and metadata.namespace */
                fieldSelector?: string;
                /** @description Only deployments whose pods request this resource; * means any GPU; for example nvidia.com/gpu */
                gpuType?: string;
            };
            header?: never;
            path: {
                /** @description Name of the cluster */
                cluster: string;
                /** @description Name of the namespace */
                namespace: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of deployments */
            200: {
                headers: {
                    /** @description Seconds since the last event, bookmark or list of deployments from the API server */
                    Age?: number;
                    /** @description Contains detail=stale while no watch is open and changes are not seen */
                    "Cache-Status"?: string;
                    /** @description resourceVersion of the deployments of the cluster; absent for several clusters */
                    "Kubernetes-Resource-Version"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "metadata": {
                     *             "name": "web",
                     *             "namespace": "shop",
                     *             "uid": "1b0e2c0a-54c0-4a53-9d3f-6a3a2ce0a0f5",
                     *             "resourceVersion": "4711",
                     *             "creationTimestamp": "1767254400",
                     *             "deletionTimestamp": "0",
                     *             "labels": {
                     *               "app": "web"
                     *             },
                     *             "annotations": {
                     *               "deployment.kubernetes.io/revision": "1"
                     *             },
                     *             "ownerReferences": [],
                     *             "cluster": "kpanda-global-cluster",
                     *             "workspaceAlias": ""
                     *           },
                     *           "spec": {
                     *             "template": {
                     *               "metadata": {
                     *                 "name": "",
                     *                 "namespace": "",
                     *                 "uid": "",
                     *                 "resourceVersion": "",
                     *                 "creationTimestamp": "0",
                     *                 "deletionTimestamp": "0",
                     *                 "labels": {
                     *                   "app": "web"
                     *                 },
                     *                 "annotations": {},
                     *                 "ownerReferences": [],
                     *                 "cluster": "",
                     *                 "workspaceAlias": ""
                     *               },
                     *               "spec": {
                     *                 "volumes": [],
                     *                 "initContainers": [],
                     *                 "containers": [
                     *                   {
                     *                     "name": "web",
                     *                     "image": "nginx:1.29",
                     *                     "command": [],
                     *                     "args": [],
                     *                     "workingDir": "",
                     *                     "ports": [
                     *                       {
                     *                         "containerPort": 80,
                     *                         "hostPort": 0,
                     *                         "name": "",
                     *                         "protocol": ""
                     *                       }
                     *                     ],
                     *                     "envFrom": [],
                     *                     "env": [],
                     *                     "resources": null,
                     *                     "volumeMounts": [],
                     *                     "livenessProbe": null,
                     *                     "readinessProbe": null,
                     *                     "startupProbe": null,
                     *                     "lifecycle": null,
                     *                     "imagePullPolicy": "",
                     *                     "securityContext": null
                     *                   }
                     *                 ],
                     *                 "ephemeralContainers": [],
                     *                 "restartPolicy": "",
                     *                 "nodeName": "",
                     *                 "hostNetwork": false,
                     *                 "affinity": null,
                     *                 "tolerations": []
                     *               }
                     *             },
                     *             "strategy": null,
                     *             "paused": false
                     *           },
                     *           "status": {
                     *             "availableReplicas": 2,
                     *             "readyReplicas": 2,
                     *             "replicas": 2,
                     *             "state": "Running",
                     *             "conditions": [
                     *               {
                     *                 "lastTransitionTime": "",
                     *                 "lastUpdateTime": "",
                     *                 "message": "",
                     *                 "reason": "MinimumReplicasAvailable",
                     *                 "status": "True",
                     *                 "type": "Available"
                     *               }
                     *             ]
                     *           },
                     *           "revision": "1"
                     *         }
                     *       ],
                     *       "pagination": {
                     *         "total": 1,
                     *         "page": 1,
                     *         "pageSize": 10,
                     *         "pages": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["DeploymentList"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "pageSize: must be a whole number from 1 to 500",
                     *       "details": [
                     *         {
                     *           "@type": "type.googleapis.com/google.rpc.BadRequest",
                     *           "fieldViolations": [
                     *             {
                     *               "field": "pageSize",
                     *               "description": "must be a whole number from 1 to 500"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "user alice may not list deployments in any namespace",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 5,
                     *       "message": "cluster: not found",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headListNamespaceDeployments: {
        parameters: {
            query?: {
                /** @description Page number, starting at 1 */
                page?: number;
                /** @description Items per page */
                pageSize?: number;
                /** @description Only deployments with exactly this name; for example web */
                name?: string;
                /** @description Only deployments whose name contains this text, ignoring case */
                fuzzyName?: string;
                /** @description Only deployments in this state; the first value means any state */
                phase?: "WORKLOAD_STATE_UNSPECIFIED" | "Running" | "Deleting" | "Not_Ready" | "Stopped" | "Waiting";
                /** @description Sort key; if unset or the first value, namespace and name */
                sortBy?: "SORT_BY_UNSPECIFIED" | "field_name" | "state" | "cluster" | "namespace" | "created_at";
                /** @description Sort direction; defaults to desc. Has no effect if sortBy is unset or the first value */
                sortDir?: "desc" | "asc";
                /** @description Kubernetes label selector, for example app=web,tier notin (back) */
                labelSelector?: string;
                /** @description Kubernetes field selector on metadata.name and metadata.namespace */
                fieldSelector?: string;
                /** @description Only deployments whose pods request this resource; * means any GPU; for example nvidia.com/gpu */
                gpuType?: string;
            };
            header?: never;
            path: {
                /** @description Name of the cluster */
                cluster: string;
                /** @description Name of the namespace */
                namespace: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of deployments */
            200: {
                headers: {
                    /** @description Seconds since the last event, bookmark or list of deployments from the API server */
                    Age?: number;
                    /** @description Contains detail=stale while no watch is open and changes are not seen */
                    "Cache-Status"?: string;
                    /** @description resourceVersion of the deployments of the cluster; absent for several clusters */
                    "Kubernetes-Resource-Version"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getDeployment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the cluster */
                cluster: string;
                /** @description Name of the namespace */
                namespace: string;
                /** @description Name of the deployment */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The deployment */
            200: {
                headers: {
                    /** @description Seconds since the last event, bookmark or list of deployments from the API server */
                    Age?: number;
                    /** @description Contains detail=stale while no watch is open and changes are not seen */
                    "Cache-Status"?: string;
                    /** @description resourceVersion of the deployments of the cluster; absent for several clusters */
                    "Kubernetes-Resource-Version"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "metadata": {
                     *         "name": "web",
                     *         "namespace": "shop",
                     *         "uid": "1b0e2c0a-54c0-4a53-9d3f-6a3a2ce0a0f5",
                     *         "resourceVersion": "4711",
                     *         "creationTimestamp": "1767254400",
                     *         "deletionTimestamp": "0",
                     *         "labels": {
                     *           "app": "web"
                     *         },
                     *         "annotations": {
                     *           "deployment.kubernetes.io/revision": "1"
                     *         },
                     *         "ownerReferences": [],
                     *         "cluster": "kpanda-global-cluster",
                     *         "workspaceAlias": ""
                     *       },
                     *       "spec": {
                     *         "template": {
                     *           "metadata": {
                     *             "name": "",
                     *             "namespace": "",
                     *             "uid": "",
                     *             "resourceVersion": "",
                     *             "creationTimestamp": "0",
                     *             "deletionTimestamp": "0",
                     *             "labels": {
                     *               "app": "web"
                     *             },
                     *             "annotations": {},
                     *             "ownerReferences": [],
                     *             "cluster": "",
                     *             "workspaceAlias": ""
                     *           },
                     *           "spec": {
                     *             "volumes": [],
                     *             "initContainers": [],
                     *             "containers": [
                     *               {
                     *                 "name": "web",
                     *                 "image": "nginx:1.29",
                     *                 "command": [],
                     *                 "args": [],
                     *                 "workingDir": "",
                     *                 "ports": [
                     *                   {
                     *                     "containerPort": 80,
                     *                     "hostPort": 0,
                     *                     "name": "",
                     *                     "protocol": ""
                     *                   }
                     *                 ],
                     *                 "envFrom": [],
                     *                 "env": [],
                     *                 "resources": null,
                     *                 "volumeMounts": [],
                     *                 "livenessProbe": null,
                     *                 "readinessProbe": null,
                     *                 "startupProbe": null,
                     *                 "lifecycle": null,
                     *                 "imagePullPolicy": "",
                     *                 "securityContext": null
                     *               }
                     *             ],
                     *             "ephemeralContainers": [],
                     *             "restartPolicy": "",
                     *             "nodeName": "",
                     *             "hostNetwork": false,
                     *             "affinity": null,
                     *             "tolerations": []
                     *           }
                     *         },
                     *         "strategy": null,
                     *         "paused": false
                     *       },
                     *       "status": {
                     *         "availableReplicas": 2,
                     *         "readyReplicas": 2,
                     *         "replicas": 2,
                     *         "state": "Running",
                     *         "conditions": [
                     *           {
                     *             "lastTransitionTime": "",
                     *             "lastUpdateTime": "",
                     *             "message": "",
                     *             "reason": "MinimumReplicasAvailable",
                     *             "status": "True",
                     *             "type": "Available"
                     *           }
                     *         ]
                     *       },
                     *       "revision": "1"
                     *     }
                     */
                    "application/json": components["schemas"]["Deployment"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "pageSize: must be a whole number from 1 to 500",
                     *       "details": [
                     *         {
                     *           "@type": "type.googleapis.com/google.rpc.BadRequest",
                     *           "fieldViolations": [
                     *             {
                     *               "field": "pageSize",
                     *               "description": "must be a whole number from 1 to 500"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "user alice may not list deployments in any namespace",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 5,
                     *       "message": "cluster: not found",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headGetDeployment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the cluster */
                cluster: string;
                /** @description Name of the namespace */
                namespace: string;
                /** @description Name of the deployment */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The deployment */
            200: {
                headers: {
                    /** @description Seconds since the last event, bookmark or list of deployments from the API server */
                    Age?: number;
                    /** @description Contains detail=stale while no watch is open and changes are not seen */
                    "Cache-Status"?: string;
                    /** @description resourceVersion of the deployments of the cluster; absent for several clusters */
                    "Kubernetes-Resource-Version"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listDeploymentsOfAllClusters: {
        parameters: {
            query?: {
                /** @description Page number, starting at 1 */
                page?: number;
                /** @description Items per page */
                pageSize?: number;
                /** @description Only deployments with exactly this name; for example web */
                name?: string;
                /** @description Only deployments whose name contains this text, ignoring case */
                fuzzyName?: string;
                /** @description Only deployments in this state; the first value means any state */
                phase?: "WORKLOAD_STATE_UNSPECIFIED" | "Running" | "Deleting" | "Not_Ready" | "Stopped" | "Waiting";
                /** @description Sort key; if unset or the first value, namespace and name */
                sortBy?: "SORT_BY_UNSPECIFIED" | "field_name" | "state" | "cluster" | "namespace" | "created_at";
                /** @description Sort direction; defaults to desc. Has no effect if sortBy is unset or the first value */
                sortDir?: "desc" | "asc";
                /** @description Kubernetes label selector, for example app=web,tier notin (back) */
                labelSelector?: string;
                /** @description Kubernetes field selector on metadata.name and metadata.namespace */
                fieldSelector?: string;
                /** @description Only deployments whose pods request this resource; * means any GPU; for example nvidia.com/gpu */
                gpuType?: string;
                /** @description Only these clusters; may be repeated */
                cluster?: string[];
                /** @description Only this namespace in each cluster; for example shop */
                namespace?: string;
                /** @description Has no effect: there are no virtual clusters */
                showVirtualCluster?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of deployments */
            200: {
                headers: {
                    /** @description Seconds since the last event, bookmark or list of deployments from the API server */
                    Age?: number;
                    /** @description Contains detail=stale while no watch is open and changes are not seen */
                    "Cache-Status"?: string;
                    /** @description resourceVersion of the deployments of the cluster; absent for several clusters */
                    "Kubernetes-Resource-Version"?: string;
                    /** @description Comma-separated list of clusters that are unavailable and left out; absent if none is */
                    "Unavailable-Clusters"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "metadata": {
                     *             "name": "web",
                     *             "namespace": "shop",
                     *             "uid": "1b0e2c0a-54c0-4a53-9d3f-6a3a2ce0a0f5",
                     *             "resourceVersion": "4711",
                     *             "creationTimestamp": "1767254400",
                     *             "deletionTimestamp": "0",
                     *             "labels": {
                     *               "app": "web"
                     *             },
                     *             "annotations": {
                     *               "deployment.kubernetes.io/revision": "1"
                     *             },
                     *             "ownerReferences": [],
                     *             "cluster": "kpanda-global-cluster",
                     *             "workspaceAlias": ""
                     *           },
                     *           "spec": {
                     *             "template": {
                     *               "metadata": {
                     *                 "name": "",
                     *                 "namespace": "",
                     *                 "uid": "",
                     *                 "resourceVersion": "",
                     *                 "creationTimestamp": "0",
                     *                 "deletionTimestamp": "0",
                     *                 "labels": {
                     *                   "app": "web"
                     *                 },
                     *                 "annotations": {},
                     *                 "ownerReferences": [],
                     *                 "cluster": "",
                     *                 "workspaceAlias": ""
                     *               },
                     *               "spec": {
                     *                 "volumes": [],
                     *                 "initContainers": [],
                     *                 "containers": [
                     *                   {
                     *                     "name": "web",
                     *                     "image": "nginx:1.29",
                     *                     "command": [],
                     *                     "args": [],
                     *                     "workingDir": "",
                     *                     "ports": [
                     *                       {
                     *                         "containerPort": 80,
                     *                         "hostPort": 0,
                     *                         "name": "",
                     *                         "protocol": ""
                     *                       }
                     *                     ],
                     *                     "envFrom": [],
                     *                     "env": [],
                     *                     "resources": null,
                     *                     "volumeMounts": [],
                     *                     "livenessProbe": null,
                     *                     "readinessProbe": null,
                     *                     "startupProbe": null,
                     *                     "lifecycle": null,
                     *                     "imagePullPolicy": "",
                     *                     "securityContext": null
                     *                   }
                     *                 ],
                     *                 "ephemeralContainers": [],
                     *                 "restartPolicy": "",
                     *                 "nodeName": "",
                     *                 "hostNetwork": false,
                     *                 "affinity": null,
                     *                 "tolerations": []
                     *               }
                     *             },
                     *             "strategy": null,
                     *             "paused": false
                     *           },
                     *           "status": {
                     *             "availableReplicas": 2,
                     *             "readyReplicas": 2,
                     *             "replicas": 2,
                     *             "state": "Running",
                     *             "conditions": [
                     *               {
                     *                 "lastTransitionTime": "",
                     *                 "lastUpdateTime": "",
                     *                 "message": "",
                     *                 "reason": "MinimumReplicasAvailable",
                     *                 "status": "True",
                     *                 "type": "Available"
                     *               }
                     *             ]
                     *           },
                     *           "revision": "1"
                     *         }
                     *       ],
                     *       "pagination": {
                     *         "total": 1,
                     *         "page": 1,
                     *         "pageSize": 10,
                     *         "pages": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["DeploymentList"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "pageSize: must be a whole number from 1 to 500",
                     *       "details": [
                     *         {
                     *           "@type": "type.googleapis.com/google.rpc.BadRequest",
                     *           "fieldViolations": [
                     *             {
                     *               "field": "pageSize",
                     *               "description": "must be a whole number from 1 to 500"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "user alice may not list deployments in any namespace",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 5,
                     *       "message": "cluster: not found",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headListDeploymentsOfAllClusters: {
        parameters: {
            query?: {
                /** @description Page number, starting at 1 */
                page?: number;
                /** @description Items per page */
                pageSize?: number;
                /** @description Only deployments with exactly this name; for example web */
                name?: string;
                /** @description Only deployments whose name contains this text, ignoring case */
                fuzzyName?: string;
                /** @description Only deployments in this state; the first value means any state */
                phase?: "WORKLOAD_STATE_UNSPECIFIED" | "Running" | "Deleting" | "Not_Ready" | "Stopped" | "Waiting";
                /** @description Sort key; if unset or the first value, namespace and name */
                sortBy?: "SORT_BY_UNSPECIFIED" | "field_name" | "state" | "cluster" | "namespace" | "created_at";
                /** @description Sort direction; defaults to desc. Has no effect if sortBy is unset or the first value */
                sortDir?: "desc" | "asc";
                /** @description Kubernetes label selector, for example app=web,tier notin (back) */
                labelSelector?: string;
                /** @description Kubernetes field selector on metadata.name and metadata.namespace */
                fieldSelector?: string;
                /** @description Only deployments whose pods request this resource; * means any GPU; for example nvidia.com/gpu */
                gpuType?: string;
                /** @description Only these clusters; may be repeated */
                cluster?: string[];
                /** @description Only this namespace in each cluster; for example shop */
                namespace?: string;
                /** @description Has no effect: there are no virtual clusters */
                showVirtualCluster?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of deployments */
            200: {
                headers: {
                    /** @description Seconds since the last event, bookmark or list of deployments from the API server */
                    Age?: number;
                    /** @description Contains detail=stale while no watch is open and changes are not seen */
                    "Cache-Status"?: string;
                    /** @description resourceVersion of the deployments of the cluster; absent for several clusters */
                    "Kubernetes-Resource-Version"?: string;
                    /** @description Comma-separated list of clusters that are unavailable and left out; absent if none is */
                    "Unavailable-Clusters"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listUsers: {
        parameters: {
            query?: {
                /** @description Part of the name, the email address or the full name, ignoring case; for example ali */
                search?: string;
                /** @description Page number, starting at 1; 0 means 1 */
                page?: number;
                /** @description Users per page; 0 means 10 */
                pageSize?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of users */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserList"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "page: must be a whole number from 0 to 1000",
                     *       "details": [
                     *         {
                     *           "@type": "type.googleapis.com/google.rpc.BadRequest",
                     *           "fieldViolations": [
                     *             {
                     *               "field": "page",
                     *               "description": "must be a whole number from 0 to 1000"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "user alice may not see other users: missing permission to get accesskeys.ghippo.io in all namespaces",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headListUsers: {
        parameters: {
            query?: {
                /** @description Part of the name, the email address or the full name, ignoring case; for example ali */
                search?: string;
                /** @description Page number, starting at 1; 0 means 1 */
                page?: number;
                /** @description Users per page; 0 means 10 */
                pageSize?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of users */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getCurrentUser: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The user of the token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CurrentUser"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description allowedCIDRs of the key pair do not contain the client address */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "the token must not be used from this address",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headGetCurrentUser: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The user of the token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description allowedCIDRs of the key pair do not contain the client address */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The sub claim of the tokens */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The user */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "user alice may not see other users: missing permission to get accesskeys.ghippo.io in all namespaces",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 5,
                     *       "message": "user not found",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headGetUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The sub claim of the tokens */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The user */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getUserByName: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Kubernetes username */
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The user */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "user alice may not see other users: missing permission to get accesskeys.ghippo.io in all namespaces",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 5,
                     *       "message": "user not found",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headGetUserByName: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Kubernetes username */
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The user */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listUserGroups: {
        parameters: {
            query?: {
                /** @description Part of the name, ignoring case; for example dev */
                search?: string;
                /** @description Page number, starting at 1; 0 means 1 */
                page?: number;
                /** @description Groups per page; 0 means 10 */
                pageSize?: number;
            };
            header?: never;
            path: {
                /** @description The sub claim of the tokens */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of groups */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserGroupList"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "page: must be a whole number from 0 to 1000",
                     *       "details": [
                     *         {
                     *           "@type": "type.googleapis.com/google.rpc.BadRequest",
                     *           "fieldViolations": [
                     *             {
                     *               "field": "page",
                     *               "description": "must be a whole number from 0 to 1000"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "user alice may not see other users: missing permission to get accesskeys.ghippo.io in all namespaces",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 5,
                     *       "message": "user not found",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headListUserGroups: {
        parameters: {
            query?: {
                /** @description Part of the name, ignoring case; for example dev */
                search?: string;
                /** @description Page number, starting at 1; 0 means 1 */
                page?: number;
                /** @description Groups per page; 0 means 10 */
                pageSize?: number;
            };
            header?: never;
            path: {
                /** @description The sub claim of the tokens */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of groups */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listUserSubjects: {
        parameters: {
            query?: {
                /** @description Has no effect: the list is empty; for example dev */
                search?: string;
                /** @description Page number, starting at 1; 0 means 1 */
                page?: number;
                /** @description Roles per page; 0 means 10 */
                pageSize?: number;
            };
            header?: never;
            path: {
                /** @description The sub claim of the tokens */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description An empty page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserSubjectList"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "page: must be a whole number from 0 to 1000",
                     *       "details": [
                     *         {
                     *           "@type": "type.googleapis.com/google.rpc.BadRequest",
                     *           "fieldViolations": [
                     *             {
                     *               "field": "page",
                     *               "description": "must be a whole number from 0 to 1000"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "user alice may not see other users: missing permission to get accesskeys.ghippo.io in all namespaces",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 5,
                     *       "message": "user not found",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headListUserSubjects: {
        parameters: {
            query?: {
                /** @description Has no effect: the list is empty; for example dev */
                search?: string;
                /** @description Page number, starting at 1; 0 means 1 */
                page?: number;
                /** @description Roles per page; 0 means 10 */
                pageSize?: number;
            };
            header?: never;
            path: {
                /** @description The sub claim of the tokens */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description An empty page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getGlobalPermissions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The permissions */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GlobalPermissions"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description allowedCIDRs of the key pair do not contain the client address */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "the token must not be used from this address",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headGetGlobalPermissions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The permissions */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description allowedCIDRs of the key pair do not contain the client address */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listKeyPairs: {
        parameters: {
            query?: {
                /** @description Format of the response; if unset, the Accept header decides */
                format?: "json" | "csv";
                /** @description Part of the name of the user, the AccessKey or the key pair, ignoring case, or a complete ak; for example ali */
                search?: string;
                /** @description Only key pairs in this namespace; for example people */
                namespace?: string;
                /** @description Page number, starting at 1; 0 and unset mean 1; only for JSON */
                page?: number;
                /** @description Key pairs per page; 0 and unset mean 10; only for JSON */
                pageSize?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of key pairs, or all of them as CSV */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyPairList"];
                    "text/csv": string;
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "pageSize: not possible with CSV, which contains all key pairs",
                     *       "details": [
                     *         {
                     *           "@type": "type.googleapis.com/google.rpc.BadRequest",
                     *           "fieldViolations": [
                     *             {
                     *               "field": "pageSize",
                     *               "description": "not possible with CSV, which contains all key pairs"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "user alice may not list accesskeys.ghippo.io in any namespace",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headListKeyPairs: {
        parameters: {
            query?: {
                /** @description Format of the response; if unset, the Accept header decides */
                format?: "json" | "csv";
                /** @description Part of the name of the user, the AccessKey or the key pair, ignoring case, or a complete ak; for example ali */
                search?: string;
                /** @description Only key pairs in this namespace; for example people */
                namespace?: string;
                /** @description Page number, starting at 1; 0 and unset mean 1; only for JSON */
                page?: number;
                /** @description Key pairs per page; 0 and unset mean 10; only for JSON */
                pageSize?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of key pairs, or all of them as CSV */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    createAccessToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AccessTokenRequest"];
            };
        };
        responses: {
            /** @description The access token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "ci",
                     *       "token": "eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl"
                     *     }
                     */
                    "application/json": components["schemas"]["CreatedAccessToken"];
                };
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "expiredAt: must be at most 30 days in the future",
                     *       "details": [
                     *         {
                     *           "@type": "type.googleapis.com/google.rpc.BadRequest",
                     *           "fieldViolations": [
                     *             {
                     *               "field": "expiredAt",
                     *               "description": "must be at most 30 days in the future"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "user alice may not change access tokens of other users: missing permission to patch their AccessKey and impersonate them and each of their groups",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 5,
                     *       "message": "user not found",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The name is taken, or others change the AccessKey at the same time */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 6,
                     *       "message": "name: a key pair with this name already exists",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is not JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "Content-Type: must be application/json, in UTF-8",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Too many changes by the caller */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 8,
                     *       "message": "too many changes, try again in 3 s",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listAccessTokens: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The access tokens */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessTokenList"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "user alice may not change access tokens of other users: missing permission to patch their AccessKey and impersonate them and each of their groups",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 5,
                     *       "message": "user not found",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headListAccessTokens: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The access tokens */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    deleteAccessToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the access token: its name */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The access token is deleted */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /** @example {} */
                    "application/json": components["schemas"]["Deleted"];
                };
            };
            /** @description Another tool manages the key pair */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 9,
                     *       "message": "the key pairs of the user are managed by argocd-controller",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "user alice may not change access tokens of other users: missing permission to patch their AccessKey and impersonate them and each of their groups",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 5,
                     *       "message": "access token not found",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The name is taken, or others change the AccessKey at the same time */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 6,
                     *       "message": "name: a key pair with this name already exists",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Too many changes by the caller */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 8,
                     *       "message": "too many changes, try again in 3 s",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    createUserAccessToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the user: the sub claim of the tokens */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AccessTokenRequest"];
            };
        };
        responses: {
            /** @description The access token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "ci",
                     *       "token": "eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl"
                     *     }
                     */
                    "application/json": components["schemas"]["CreatedAccessToken"];
                };
            };
            /** @description A parameter is missing or invalid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "expiredAt: must be at most 30 days in the future",
                     *       "details": [
                     *         {
                     *           "@type": "type.googleapis.com/google.rpc.BadRequest",
                     *           "fieldViolations": [
                     *             {
                     *               "field": "expiredAt",
                     *               "description": "must be at most 30 days in the future"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "user alice may not change access tokens of other users: missing permission to patch their AccessKey and impersonate them and each of their groups",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 5,
                     *       "message": "user not found",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The name is taken, or others change the AccessKey at the same time */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 6,
                     *       "message": "name: a key pair with this name already exists",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is not JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 3,
                     *       "message": "Content-Type: must be application/json, in UTF-8",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Too many changes by the caller */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 8,
                     *       "message": "too many changes, try again in 3 s",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listUserAccessTokens: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the user: the sub claim of the tokens */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The access tokens */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessTokenList"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "user alice may not change access tokens of other users: missing permission to patch their AccessKey and impersonate them and each of their groups",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 5,
                     *       "message": "user not found",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headListUserAccessTokens: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the user: the sub claim of the tokens */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The access tokens */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    deleteUserAccessToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the user: the sub claim of the tokens */
                id: string;
                /** @description ID of the access token: its name */
                aid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The access token is deleted */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /** @example {} */
                    "application/json": components["schemas"]["Deleted"];
                };
            };
            /** @description Another tool manages the key pair */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 9,
                     *       "message": "the key pairs of the user are managed by argocd-controller",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The user does not have permission */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "user alice may not change access tokens of other users: missing permission to patch their AccessKey and impersonate them and each of their groups",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 5,
                     *       "message": "access token not found",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The name is taken, or others change the AccessKey at the same time */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 6,
                     *       "message": "name: a key pair with this name already exists",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Too many changes by the caller */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 8,
                     *       "message": "too many changes, try again in 3 s",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listVersions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Products and their versions */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProductVersions"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 16,
                     *       "message": "Authorization: the token is not valid",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description allowedCIDRs of the key pair do not contain the client address */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 7,
                     *       "message": "the token must not be used from this address",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": 14,
                     *       "message": "the cluster is unavailable, try again later",
                     *       "details": []
                     *     }
                     */
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    headListVersions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Products and their versions */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description allowedCIDRs of the key pair do not contain the client address */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not ready yet, or the cluster is unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getDocument: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The document */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "openapi": "3.1.0"
                     *     }
                     */
                    "application/json": components["schemas"]["Document"];
                };
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    headGetDocument: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The document */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified (If-None-Match) */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
